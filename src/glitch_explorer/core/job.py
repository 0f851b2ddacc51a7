"""What every script needs: a log, messages for errors that the user can fix, files of the project."""

import atexit
import errno
import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from glitch_explorer.core.credentials import DiscreetStream, without_credentials
from glitch_explorer.core.errors import UserError

#: Folder of the files that ship with the project.
SHIPPED = "resources/"
#: Folder of the simulated observatory's files, which the workflow itself writes.
SIMULATED = "results/observatory/"

_log = logging.getLogger(__name__)

#: Errors of a disk that the user can fix, and how.
_DISK = {
    errno.ENOSPC: "the disk is full: free some space and run again; what is finished stays",
    errno.EDQUOT: "the quota of the disk is used up: free some space and run again; what is finished stays",
    errno.EROFS: "the disk is mounted read-only: make it writable, or work in a folder on another one",
    errno.EACCES: "permission denied: allow this user to access it",
    errno.EPERM: "permission denied: allow this user to access it",
}


@contextmanager
def logged(path: str | Path) -> Iterator[None]:
    """Send log records, warnings and progress bars to the file `path`.

    A `UserError`, or a disk that is full or cannot be written, ends the process
    with a message in the log and on the terminal, without a traceback. For any
    other error the log has the traceback. Credentials are hidden in both.
    """
    # The interpreter searches all imported packages for cycles when it ends: 0.1 to 0.5 core-s of each job.
    atexit.register(gc.freeze)
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
                message = _message(problem)
                if message is None:
                    _log.exception("the job failed")
                else:
                    print(f"Error: {message}", file=stream)
                raise
    except (UserError, OSError) as problem:
        message = _message(problem)
        if message is None:
            raise
        print(without_credentials(f"Error: {message}"), file=terminal)
        raise SystemExit(1) from None


def _stream(path: str | Path) -> DiscreetStream:
    """Open the log; each line reaches the disk at once."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return DiscreetStream(open(path, "wb"), "utf-8", line_buffering=True)


def _message(problem: BaseException) -> str | None:
    """Return the message of an error that the user can fix, None for any other."""
    if isinstance(problem, OSError) and problem.errno in _DISK:
        return f"{problem.filename or 'a file'}: {_DISK[problem.errno]} ({problem.strerror})"
    return str(problem) if isinstance(problem, UserError) else None


def project_file(path: str, scripts: str | Path) -> str:
    """Return a path of the config; one under `resources/` is a file of the project, wherever the job runs.

    Parameters
    ----------
    path
        As in the config.
    scripts
        The project's folder of scripts.
    """
    return str(Path(scripts).parent / path) if path.startswith(SHIPPED) else path
