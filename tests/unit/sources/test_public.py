"""Public frames without a login, lists that leave names open, and the flags of a cluster."""

import json
import shutil
import sys
from http import HTTPStatus
from types import SimpleNamespace

import numpy as np
import pytest
from gwpy.timeseries import TimeSeries, TimeSeriesDict

from glitch_explorer.core.errors import UserError
from glitch_explorer.coupling.channels.lists import channel_table
from glitch_explorer.coupling.channels.source import open_source
from glitch_explorer.sources import frames, locate, served
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.reasons import Reason
from glitch_explorer.sources.retry import RetryPolicy, SourceFault
from glitch_explorer.sources.segments import read_segments
from tests.servers.datafind import serve_datafind
from tests.servers.web import busy_first, hang, plain, ranged, serve

T0, STEP, COUNT = 1263081600 // 600 * 600, 600, 3
NAMES = ["H1:ISI-GND_STS_ITMY_Z_BLRMS_30M_100M.rms", "H1:PEM-TEST_WIND.rms"]
OSDF = "osdf:///gwdata/O3AUX/AUX_TREND/H1"


def write(folder, number, names=NAMES, ext="gwf"):
    channels = TimeSeriesDict()
    for name in names:
        values = np.arange(STEP, dtype=np.float32) + 1 + STEP * number
        channels[name] = TimeSeries(values, t0=T0 + STEP * number, sample_rate=1, name=name, channel=name)
    path = folder / f"H-H1_AUX_TREND-{T0 + STEP * number}-{STEP}.{ext}"
    channels.write(str(path), **({"format": "gwf"} if ext == "gwf" else {"format": "hdf5"}))
    return path


def redirect(url):
    def answer(handler, _number):
        handler.send_response(HTTPStatus.TEMPORARY_REDIRECT)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def broken_first(body):
    def answer(handler, number):
        stop = len(body) // 2 if number <= 3 else None
        ranged(body, stop_after=stop)(handler, number)

    return answer


def refuse(handler, _number):
    handler.send_error(HTTPStatus.FORBIDDEN)


@pytest.fixture
def federation(tmp_path, monkeypatch):
    """Serve a real GWDataFind server whose frames only a director's cache has, on loopback."""
    with serve() as web:
        for number in range(COUNT):
            path = write(tmp_path, number)
            web.answers[f"/cache/{path.name}"] = plain(path.read_bytes())
            web.answers[f"/gwdata/O3AUX/AUX_TREND/H1/{path.name}"] = redirect(f"{web.url}/cache/{path.name}")
            path.unlink()
        monkeypatch.setenv("OSDF_DIRECTOR", web.url)
        stretches = [(T0, T0 + COUNT * STEP)]
        with serve_datafind(
            tmp_path, site="H", tag="H1_AUX_TREND", duration=STEP, stretches=stretches, osdf=OSDF
        ) as url:
            yield url, web


def opened(host, *, frame_type="{ifo}_AUX_TREND", timeout_s=5.0, retries=1):
    return locate.open_locator(
        "gwdatafind",
        frames=None,
        frame_type=frame_type,
        host=host,
        sample_rate_hz=None,
        policy=RetryPolicy(retries, timeout_s, 0.01),
    )


def test_public_frames_come_over_https(federation):
    url, web = federation
    locator = opened(url)
    listed = locator.frames("H1", T0 + 1, T0 + STEP + 1)
    assert [frame.path.rsplit("/", 1)[0] for frame in listed] == [OSDF] * 2
    assert locator.channel_rates(listed[0], ["H1:*.rms"]) == dict.fromkeys(NAMES, 1.0)
    read = locator.load_many(listed[0], [*NAMES, "H1:NONE"])
    assert read["H1:NONE"] == Reason.NO_CHANNEL
    assert np.array_equal(read[NAMES[1]].values, np.arange(STEP) + 1)
    assert web.count(f"/cache/{listed[0].path.rsplit('/', 1)[1]}") == 1


def test_a_cache_that_is_busy_breaks_off_or_lies(federation, tmp_path):
    url, web = federation
    path = write(tmp_path, 0)
    body, address = path.read_bytes(), f"/cache/{path.name}"
    path.unlink()
    web.answers[address] = busy_first(1, plain(body))
    frame = opened(url).frames("H1", T0, T0 + 1)[0]
    whole = opened(url).load_many(frame, NAMES)
    web.answers[address] = broken_first(body)
    again = opened(url).load_many(frame, NAMES)
    assert all(np.array_equal(whole[name].values, again[name].values) for name in NAMES)
    web.answers[address] = plain(body[:-300])
    pieces = opened(url).load_many(frame, NAMES)
    assert pieces == dict.fromkeys(NAMES, Reason.FRAME_DAMAGED)
    web.answers[address] = hang(5.0)
    with pytest.raises(SourceFault, match=path.name):
        opened(url, timeout_s=0.2, retries=0).load_many(frame, NAMES)
    web.answers[address] = refuse
    with pytest.raises(UserError, match="login"):
        opened(url).load_many(frame, NAMES)


def test_frames_behind_a_login_are_not_asked_for(tmp_path):
    stretches = [(T0, T0 + STEP)]
    with (
        serve_datafind(
            tmp_path, site="L", tag="L1_R", duration=STEP, stretches=stretches, osdf="osdf:///igwn/ligo"
        ) as url,
        pytest.raises(
            UserError, match=r"L-L1_R-\d+-600\.gwf cannot be opened on this machine.*osdf:///igwn.*CVMFS"
        ),
    ):
        opened(url, frame_type="{ifo}_R").frames("L1", T0, T0 + 1)


def source(host, lists, tmp_path):
    return open_source(
        "gwdatafind",
        frames=None,
        frame_type="{ifo}_AUX_TREND",
        host=host,
        lists=lists,
        safety=[],
        store=tmp_path / "store",
        store_gib=1,
        bands=[(1.0, 3.0)],
        strain="{ifo}:OBS-STRAIN",
    )


def test_the_shipped_list_of_trends_selects_what_the_frames_have(federation, tmp_path, root):
    url, web = federation
    late = write(tmp_path, 2, names=[*NAMES, "H1:PEM-LATE.rms", "H1:PEM-NO_TREND"])
    web.answers[f"/cache/{late.name}"] = plain(late.read_bytes())
    late.unlink()
    # The frames of the first third of the glitches are broken.
    web.answers[f"/cache/{late.name.replace(str(T0 + 2 * STEP), str(T0))}"] = plain(b"IGWD no more")
    channels = source(url, [root / "resources/channels/o3_trend.csv"], tmp_path)
    table = channels.table("H1", T0 + np.linspace(0, 3 * STEP - 1, 40))
    assert list(table["channel"]) == [NAMES[0], "H1:PEM-LATE.rms", NAMES[1]]
    assert set(table["kind"]) == {"rms"}
    assert set(table["rate_hz"]) == {1.0}
    assert list(table["unit"]) == ["nm/s", "", ""]
    with pytest.raises(UserError, match=r"\*\.rms matches no channel in the inspected frame.*H1.*NDS2"):
        channels.table("H1", np.array([T0 + 5e5]))


def test_only_what_a_list_leaves_open_is_looked_up(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("channel,rate_hz\n{ifo}:A-B,16\n{ifo}:A-*,16\nH1:C-D,\nL1:E-F,\n*:G-H,\n")
    patterns = []

    def available(asked):
        patterns.extend(asked)
        return {"H1:A-X": 8, "H1:C-D": 4, "H1:G-H": 2}

    table = channel_table(lists=[path], ifo="H1", gps=0, available=available)
    assert patterns == ["H1:A-*", "H1:C-D", "*:G-H"]
    assert table["rate_hz"].tolist() == [16, 16, 4, 2]


@pytest.mark.parametrize("ext", ["gwf", "hdf5"])
def test_channels_of_a_frame_in_either_format(tmp_path, ext):
    path = write(tmp_path, 0, ext=ext)
    assert frames.channel_rates(Frame(T0, T0 + STEP, str(path)), ["*WIND*"]) == {NAMES[1]: 1.0}


@pytest.mark.parametrize("name", ["absent", "damaged"])
@pytest.mark.parametrize("ext", ["gwf", "hdf5"])
def test_the_channels_of_a_file_that_cannot_be_read_are_a_users_error(tmp_path, ext, name):
    path = tmp_path / f"{name}.{ext}"
    if name == "damaged":
        path.write_bytes(b"IGWD no more")
    with pytest.raises(UserError, match=f"frame file .*{name}.{ext} cannot be read"):
        frames.channel_rates(Frame(T0, T0 + STEP, str(path)), ["*"])


# NDS2 and arrakis: a fake client, as there is no server.


def test_what_a_server_of_channels_answers(tmp_path, monkeypatch, capsys):
    def fetch(_service, _host, channel, start, _end):
        if channel == "H1:NONE":
            raise ExceptionGroup(
                "any source", [ValueError("unique NDS2 channel match not found for 'H1:NONE'")]
            )
        if channel == "H1:GAP":
            raise RuntimeError("no data received from nds.example.org for [0 ... 64)")
        if channel == "H1:FAULT":
            raise ExceptionGroup("any source", [RuntimeError("Failed to establish\na connection")])
        return Piece(np.arange(64.0), start, 1.0, "m")

    monkeypatch.setattr(served, "_fetch", fetch)
    target = tmp_path / "data.npz"
    names = ["H1:A", "H1:NONE", "H1:GAP"]
    assert served.main(["nds2", "host", "64", "128", str(target), *names]) == 0
    read = served.read(target, names)
    assert read["H1:NONE"] == Reason.NO_CHANNEL
    assert read["H1:GAP"] == Reason.NOT_SERVED
    piece = read["H1:A"]
    assert isinstance(piece, Piece)
    assert (piece.t0, piece.rate, piece.unit, piece.values[-1]) == (64.0, 1.0, "m", 63.0)
    assert served.main(["nds2", "host", "64", "128", str(target), "H1:A", "H1:FAULT"]) == 1
    assert capsys.readouterr().err == "Failed to establish a connection\n"


def test_a_client_that_dies_stops_the_job(monkeypatch):
    monkeypatch.setattr(locate.importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    locator = locate.Served("nds2", "h", policy=RetryPolicy(retries=0))
    with pytest.raises(
        SourceFault, match=r"nds2 at h, 2 channels, \[0, 64\): given up after 1 failures: .*exited with 1"
    ):
        locator.load_many(Frame(0.0, 64.0, ""), ["H1:A", "H1:B"])


@pytest.mark.parametrize(
    ("service", "advice"), [("nds2", "conda-forge python-nds2-client"), ("arrakis", "pip")]
)
def test_a_missing_client_is_named(service, advice):
    with pytest.raises(UserError, match=f"client is missing; install it with `.*{advice}"):
        locate.Served(service, "host", policy=RetryPolicy())


# DQSegDB: its API as the client reads it.

DQ = "/dq/L1/DMT-ANALYSIS_READY/1"


def dqsegdb(web, monkeypatch):
    monkeypatch.setenv("DEFAULT_SEGMENT_SERVER", web.url)
    return read_segments(
        files=[],
        flags=["{ifo}:DMT-ANALYSIS_READY:1"],
        detectors=["L1"],
        start=1000,
        end=2000,
        policy=RetryPolicy(retries=0, timeout_s=5.0),
    )


def test_flags_of_dqsegdb(monkeypatch):
    body = {"ifo": "L1", "name": "DMT-ANALYSIS_READY", "version": 1, "metadata": {}, "query_information": {}}
    body |= {"known": [[900, 2000]], "active": [[900, 1200], [1500, 1600]]}
    with serve() as web:
        web.answers[DQ] = plain(json.dumps(body).encode(), "application/json")
        segments = dqsegdb(web, monkeypatch)
        assert segments[["start", "end"]].to_numpy().tolist() == [[1000, 1200], [1500, 1600]]
        assert set(segments["source"]) == {"DQSegDB"}
        web.answers[DQ] = refuse
        with pytest.raises(UserError, match=r"DMT-ANALYSIS_READY:1.*403.*login"):
            dqsegdb(web, monkeypatch)
        web.answers[DQ] = ranged(json.dumps(body).encode(), stop_after=9)
        with pytest.raises(SourceFault, match="DQSegDB"):
            dqsegdb(web, monkeypatch)


def test_gaps_of_arrakis_are_no_data(monkeypatch):
    masked = np.ma.masked_array(np.arange(4, dtype=np.int32), [0, 1, 0, 0])
    block = {"H1:A": SimpleNamespace(data=masked, t0=64.0, sample_rate=2.0)}
    client = SimpleNamespace(fetch=lambda _names, _start, _end: block)
    monkeypatch.setitem(sys.modules, "arrakis", SimpleNamespace(Client=lambda _host: client))
    piece = served._fetch("arrakis", "grpc://host", "H1:A", 64.0, 66.0)
    assert np.array_equal(piece.values, [0, np.nan, 2, 3], equal_nan=True)
    assert (piece.t0, piece.rate) == (64.0, 2.0)
