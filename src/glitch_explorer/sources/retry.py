"""How long we wait for others: deadlines, retries, and what is worth a retry."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import TypeVar

import requests
import tenacity

from glitch_explorer.core.errors import UserError

#: Answers after which the same question may succeed.
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
#: What clients raise over an answer of another form than they expect.
_STRANGE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
#: No pause between two tries is longer than this, whatever the server asks for.
LONGEST_PAUSE_S = 300.0

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class SourceFault(UserError):  # noqa: N818 - a fault, in the house's words
    """A service or disk that stayed away after all retries: the job stops."""


class Transient(Exception):  # noqa: N818 - it is no error before the last try
    """Trouble that may pass, with the seconds that the server asks us to wait."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def check_status(response: requests.Response, what: str) -> None:
    """Sort an HTTP error into what may pass and what the user must put right.

    Raises
    ------
    Transient
        For a busy server, with its Retry-After.
    UserError
        For every other status of 400 and above.
    """
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return
    said = f"the server answered {status} {response.reason or ''}".rstrip()
    if status in TRANSIENT_STATUS:
        raise Transient(said, _retry_after_s(response.headers.get("Retry-After", "")))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise UserError(
            f"{what}: {said}; it wants a login: get a token or certificate, or use a public source"
        )
    raise UserError(f"{what}: {said}; check the name and the address {response.url}")


def _retry_after_s(header: str) -> float:
    """Read a Retry-After header: seconds or a date; 0 where it is neither."""
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def within(seconds: float, call: Callable[[], T]) -> T:
    """Run `call` and stop waiting for it after `seconds`.

    Clients of web services have timeouts for connecting and for silence, none
    for an answer that trickles. The call runs in a daemon thread: Python's
    network code releases the interpreter, so the wait always ends, and a thread
    left behind neither holds up nor outlives the process. Code that may hold
    the interpreter (NDS2) runs in a process of its own instead.

    Raises
    ------
    Transient
        When the time is over.
    """
    answer: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            answer.put((call(), None))
        except BaseException as problem:  # noqa: BLE001 - handed to the caller's thread
            answer.put((None, problem))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, problem = answer.get(timeout=seconds)
    except Empty:
        raise Transient(f"no answer within {seconds:g} s") from None
    if problem is not None:
        raise problem
    return value  # type: ignore[return-value]


def insist(
    call: Callable[[], T],
    *,
    what: str,
    retries: int,
    pause_s: float = 1.0,
    timeout_s: float | None = None,
    progress: Callable[[], int] = lambda: 0,
) -> T:
    """Call until it succeeds, with a pause that doubles after each failure.

    Parameters
    ----------
    call
        The thing to do.
    what
        What is being done, for messages.
    retries
        How many failures in a row, after the first, are put up with.
    pause_s
        Seconds before the first retry.
    timeout_s
        Deadline of each call; None where `call` watches the clock itself.
    progress
        A number that grows as long as retrying gets us on; growth starts the
        count of failures afresh.

    Raises
    ------
    UserError
        When the server refuses for good, or its client cannot make sense of the answer.
    SourceFault
        When the retries are used up.
    """
    failures, furthest = 0, progress()
    while True:
        try:
            return call() if timeout_s is None else within(timeout_s, call)
        except (Transient, requests.RequestException, tenacity.RetryError) as problem:
            trouble = _transient(problem, what)
        except _STRANGE as problem:
            raise UserError(
                f"{what}: an answer that cannot be understood ({type(problem).__name__}: {problem}); "
                "open the address in a browser: a proxy, or another service"
            ) from problem
        reached = progress()
        failures = 1 if reached > furthest else failures + 1
        furthest = max(furthest, reached)
        if failures > retries:
            raise SourceFault(f"{what}: given up after {failures} failures: {trouble}") from trouble
        pause = min(max(pause_s * 2 ** (failures - 1), trouble.wait_s), LONGEST_PAUSE_S)
        _LOG.warning("%s: %s; trying again in %.0f s", what, trouble, pause)
        time.sleep(pause)


def _transient(problem: Exception, what: str) -> Transient:
    """Give `problem` as trouble that may pass, or raise what does not."""
    if isinstance(problem, Transient):
        return problem
    if isinstance(problem, requests.HTTPError) and problem.response is not None:
        try:
            check_status(problem.response, what)
        except Transient as busy:
            return busy
    return Transient(f"{type(problem).__name__}: {problem}")
