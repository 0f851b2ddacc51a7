"""What scripts do around their one call: a log, errors in plain words, files that ship with the project."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from glitch_explorer.core.credentials import DiscreetStream, without_credentials
from glitch_explorer.core.errors import UserError

_log = logging.getLogger(__name__)

#: Faults of a disk that the user can put right, and how.
_DISK = {
    errno.ENOSPC: "the disk is full: free some space and run again; what is finished stays",
    errno.EDQUOT: "the quota of the disk is used up: free some space and run again; what is finished stays",
    errno.EROFS: "the disk is mounted read-only: make it writable, or work in a folder on another one",
    errno.EACCES: "permission denied: give this user the right to it",
    errno.EPERM: "permission denied: give this user the right to it",
}


@contextmanager
def logged(path: str | Path) -> Iterator[None]:
    """Send log records, warnings and progress bars to the file `path`.

    A `UserError`, or a disk that is full or must not be written, ends the
    process with its message, in the log and on the terminal, and without a
    traceback; anything else leaves its traceback in the log. Credentials are
    hidden in both.
    """
    terminal = sys.stderr
    try:
        with _stream(path) as stream, redirect_stderr(stream):
            logging.basicConfig(
                stream=stream,
                level=logging.INFO,
                format="%(asctime)s %(levelname)s %(message)s",
                force=True,
            )
            logging.captureWarnings(True)
            try:
                yield
            except BaseException as problem:
                told = _in_words(problem)
                if told is None:
                    _log.exception("the job failed")
                else:
                    print(f"Error: {told}", file=stream)
                raise
    except (UserError, OSError) as problem:
        told = _in_words(problem)
        if told is None:
            raise
        print(without_credentials(f"Error: {told}"), file=terminal)
        raise SystemExit(1) from None


def _stream(path: str | Path) -> DiscreetStream:
    """Open the log, each line of which reaches the disk at once."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return DiscreetStream(open(path, "wb"), "utf-8", line_buffering=True)


def _in_words(problem: BaseException) -> str | None:
    """Give the message of what a user can put right; None for anything else."""
    if isinstance(problem, OSError) and problem.errno in _DISK:
        return f"{problem.filename or 'a file'}: {_DISK[problem.errno]}"
    return str(problem) if isinstance(problem, UserError) else None


def own_file(path: str, scripts: str | Path) -> str:
    """Give a path under `resources/` as the project's own file, wherever the job runs; others as they are.

    Parameters
    ----------
    path
        As the config has it.
    scripts
        The project's folder of scripts.
    """
    return str(Path(scripts).parent / path) if path.startswith("resources/") else path
