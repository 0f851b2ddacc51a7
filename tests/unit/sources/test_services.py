"""Whatever a service answers, or does not, the error names the service."""

import subprocess
import sys

import pytest

from glitch_explorer.core.errors import UserError
from glitch_explorer.sources.download import download_record
from glitch_explorer.sources.events import read_events
from glitch_explorer.sources.locate import open_locator
from glitch_explorer.sources.retry import RetryPolicy
from glitch_explorer.sources.segments import read_segments
from tests.servers.web import Answer, busy_first, hang, plain, serve

SPAN = {"start": 1_262_304_000, "end": 1_262_305_000}
QUICK = {"policy": RetryPolicy(retries=0, timeout_s=0.1)}


def events(url, folder):
    read_events(files=[], gwosc=True, detectors=["H1"], host=url, **SPAN, **QUICK)


def segments(url, folder):
    read_segments(files=[], flags=["H1_DATA"], detectors=["H1"], host=url, **SPAN, **QUICK)


def record(url, folder):
    download_record(record=1, files=None, folder=folder, base_url=url, **QUICK)


def strain(url, folder):
    options = {"frames": None, "frame_type": None, "sample_rate_hz": 4096, "host": url, **QUICK}
    open_locator("gwosc", **options).frames("H1", SPAN["start"], SPAN["end"])


def datafind(url, folder):
    options = {"frames": None, "frame_type": "H1_T", "sample_rate_hz": None, "host": url, **QUICK}
    open_locator("gwdatafind", **options).frames("H1", SPAN["start"], SPAN["end"])


#: Each service and its name in messages.
ASKED = {events: "GWOSC", segments: "GWOSC", strain: "GWOSC", datafind: "GWDataFind", record: "record"}


class Always(dict):
    """The same answer at every address."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def get(self, path, default=None):
        return self.answer


ANSWERS = {
    "a page": plain(b"<html>maintenance</html>", "text/html"),
    "half": plain(b'{"num_pages": 1, "next": null, "results": [{"sta', "application/json"),
    "another answer": plain(b'["no", "such", "thing"]', "application/json"),
    "busy": busy_first(99, plain(b"")),
    "not there": busy_first(99, plain(b""), status=404),
    "login": busy_first(99, plain(b""), status=403),
    "silence": hang(2.0),
}


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: ask.__name__)
@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_of_a_service_is_a_traceback(tmp_path, name, ask):
    with serve() as web:
        web.answers = Always(ANSWERS[name])
        with pytest.raises(UserError, match=ASKED[ask]):
            ask(web.url, tmp_path)


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: ask.__name__)
def test_nobody_there(tmp_path, ask):
    with pytest.raises(UserError, match=ASKED[ask]):
        ask("http://127.0.0.1:9", tmp_path)


def test_without_any_network_the_error_names_the_address(tmp_path):
    """In a name space of its own a process has no network at all."""
    code = (
        "from glitch_explorer.core import job\n"
        "from glitch_explorer.sources.download import fetch\n"
        "from glitch_explorer.sources.retry import RetryPolicy\n"
        "with job.logged('log'): fetch('https://zenodo.org/records/1', 'x', policy=RetryPolicy(2, 5, 0.01))"
    )
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "https://zenodo.org/records/1: given up after 3 failures: ConnectionError" in done.stderr
    assert "Traceback" not in done.stderr + (tmp_path / "log").read_text()
    assert not (tmp_path / "x").exists()
