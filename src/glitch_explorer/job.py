"""What scripts do around their one call: a log, errors in plain words, files that ship with the project."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from glitch_explorer.errors import UserError

_log = logging.getLogger(__name__)


@contextmanager
def logged(path: str | Path) -> Iterator[None]:
    """Send log records, warnings and progress bars to the file `path`.

    A `UserError` ends the process with its message, in the log and on the
    terminal, and without a traceback; anything else leaves its traceback in
    the log.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stderr
    with open(path, "w", buffering=1, encoding="utf-8") as stream, redirect_stderr(stream):
        logging.basicConfig(
            stream=stream, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
        )
        logging.captureWarnings(True)
        try:
            yield
        except UserError as problem:
            message = f"Error: {problem}"
            print(message, file=stream)
            print(message, file=terminal)
            raise SystemExit(1) from None
        except BaseException:
            _log.exception("the job failed")
            raise


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
