"""Retries and deadlines of calls to servers, and which failures are worth a retry."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import TypeVar

import requests
import tenacity

from glitch_explorer.core.errors import UserError

#: HTTP statuses after which the same request may succeed.
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Exceptions of clients that cannot parse an answer.
_UNPARSED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
#: Longest pause between two tries, whatever the server asks for.
LONGEST_PAUSE_S = 300.0

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class SourceFault(UserError):  # noqa: N818 - a fault outside, no error of the program
    """A server that failed after all retries: the job stops."""


class Transient(Exception):  # noqa: N818 - no error before the last try
    """A temporary failure, with the number of seconds that the server asks to wait."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def check_status(response: requests.Response, what: str) -> None:
    """Raise `Transient` for a temporary failure, `UserError` for one that the user must correct.

    Raises
    ------
    Transient
        For a status in `TRANSIENT_STATUS`, with the wait of the header Retry-After.
    UserError
        For any other status of 400 and above.
    """
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return
    answer = f"the server answered {status} {response.reason or ''}".rstrip()
    if status in TRANSIENT_STATUS:
        raise Transient(answer, _retry_after_s(response.headers.get("Retry-After", "")))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise UserError(
            f"{what}: {answer}; a login is needed: get a token or certificate, or use a public source"
        )
    raise UserError(
        f"{what}: {answer}; check the file name or record in the config, and the address {response.url}"
    )


def _retry_after_s(header: str) -> float:
    """Read the seconds of a Retry-After header, which is a number or a date; 0 if it is neither."""
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


@dataclass(frozen=True)
class RetryPolicy:
    """How often a call to a server is retried, and how long it may take.

    Attributes
    ----------
    retries
        Number of further tries after a failure.
    timeout_s
        Longest silence of the server in seconds.
    pause_s
        Seconds before the first retry; the pause doubles with each.
    """

    retries: int = 3
    timeout_s: float = 60.0
    pause_s: float = 1.0

    def run(self, call: Callable[[], T], *, what: str, progress: Callable[[], int] = lambda: 0) -> T:
        """Call until it succeeds or the retries are used up.

        Parameters
        ----------
        call
            The function; it limits its own duration.
        what
            The request and the server, for messages.
        progress
            Returns a number that grows with what was received, such as bytes. After progress, the count of
            failures starts again.

        Returns
        -------
        object
            What `call` returns.

        Raises
        ------
        UserError
            When the server refuses permanently.
        SourceFault
            When the retries are used up.
        """
        failures, furthest = 0, progress()
        while True:
            try:
                return call()
            except (Transient, requests.RequestException, tenacity.RetryError) as problem:
                failure = _transient(problem, what)
            reached = progress()
            failures = 1 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failures > self.retries:
                raise SourceFault(f"{what}: given up after {failures} failures: {failure}") from failure
            pause = min(max(self.pause_s * 2 ** (failures - 1), failure.wait_s), LONGEST_PAUSE_S)
            _LOG.warning("%s: %s; next try in %.0f s", what, failure, pause)
            time.sleep(pause)

    def ask(self, client: Callable[[], T], *, what: str, deadline_s: float) -> T:
        """Call a service's client library until it succeeds, each try within `deadline_s`.

        Raises
        ------
        UserError
            When the server refuses permanently, or the client cannot parse its answer.
        SourceFault
            When the retries are used up.
        """

        def answer() -> T:
            try:
                return client()
            except requests.RequestException:
                raise
            except _UNPARSED as problem:
                raise UserError(
                    f"{what}: the answer cannot be parsed ({type(problem).__name__}: {problem}); "
                    "open the address in a browser: is it a proxy's page, or another service?"
                ) from problem

        return self.run(lambda: with_deadline(deadline_s, answer), what=what)


#: Default policy.
DEFAULT = RetryPolicy()


def with_deadline(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or give up after `seconds`.

    Clients of web services have time-outs for connecting and for silence, but not for a slow answer as a
    whole. The call runs in a daemon thread, which neither delays nor outlives the process; Python's network
    code releases the GIL, so the time-out always takes effect. Code that may hold the GIL (NDS2) runs in a
    separate process instead.

    Raises
    ------
    Transient
        When the time is over.
    """
    answer: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            answer.put((call(), None))
        except BaseException as problem:  # noqa: BLE001 - raised again in the caller's thread
            answer.put((None, problem))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, problem = answer.get(timeout=seconds)
    except Empty:
        raise Transient(f"no answer within {seconds:g} s") from None
    if problem is not None:
        raise problem
    return value  # type: ignore[return-value]


def _transient(problem: Exception, what: str) -> Transient:
    """Return `problem` as a temporary failure, or raise a `UserError` that the user must correct."""
    if isinstance(problem, Transient):
        return problem
    if isinstance(problem, requests.HTTPError) and problem.response is not None:
        try:
            check_status(problem.response, what)
        except Transient as busy:
            return busy
    return Transient(f"{type(problem).__name__}: {problem}")
