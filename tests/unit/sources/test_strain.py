import json
from urllib.parse import parse_qs, urlparse

import h5py
import numpy as np
import pytest
from gwpy.timeseries import TimeSeries
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import frame_files, frames, locate
from glitch_explorer.sources.reasons import Reason, StrainMissing
from glitch_explorer.sources.retry import RetryPolicy, SourceFault
from glitch_explorer.sources.strain import open_strain
from tests.servers.datafind import serve_datafind
from tests.servers.web import busy_first, plain, serve

T0, RATE, STEP = 1260000000, 1024, 16


def samples(start, end):
    """Return values that grow with time: their own sample numbers."""
    return np.arange((start - T0) * RATE, (end - T0) * RATE, dtype=float)


def write(folder, start, *, ifo="H1", tag=None, length=STEP, ext="gwf", rate=RATE, values=None):
    folder.mkdir(parents=True, exist_ok=True)
    values = samples(start, start + length) if values is None else values
    series = TimeSeries(values, t0=start, sample_rate=rate, name=f"{ifo}:T", channel=f"{ifo}:T")
    path = folder / f"{ifo[0]}-{tag or ifo + '_T'}-{start}-{length}.{ext}"
    series.write(str(path), **({"format": "gwf"} if ext == "gwf" else {"format": "hdf5", "path": f"{ifo}:T"}))
    return path


def opened(folder, **options):
    return open_strain(**({"source": "frames", "channel": "{ifo}:T", "frames": str(folder)} | options))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write GWF and HDF5 frames of three abutting stretches, a gap, and one more; and another detector."""
    path = tmp_path_factory.mktemp("frames")
    write(path / "a", T0)
    write(path / "b" / "c", T0 + STEP, ext="hdf5")
    write(path, T0 + 2 * STEP)
    write(path, T0 + 5 * STEP)
    write(path, T0, ifo="L1", values=-samples(T0, T0 + STEP))
    (path / "notes.gwf").write_bytes(b"no frame by its name")
    return path


@pytest.mark.parametrize(
    ("start", "end"), [(0, 16), (3, 5), (10.25, 40.5), (0, 48), (15.999, 16.001), (80, 96)]
)
def test_an_interval_is_joined_over_frames(folder, start, end):
    series = opened(folder).read("H1", T0 + start, T0 + end)
    first = series.t0
    assert first == pytest.approx(T0 + start, abs=1 / RATE)
    assert first <= T0 + start + 1e-5
    assert len(series.values) == round((end - start) * RATE)
    assert np.array_equal(series.values, (first - T0) * RATE + np.arange(len(series.values)))
    assert series.rate == RATE
    assert series.values.dtype == np.float64


def test_each_detector_has_its_frames(folder):
    assert opened(folder).read("L1", T0 + 1, T0 + 2).values[0] == -RATE


@pytest.mark.parametrize(("start", "end"), [(40, 50), (-1, 2), (50, 60), (94, 97), (200, 201), (40, 82)])
def test_missing_data_name_channel_and_interval(folder, start, end):
    with pytest.raises(StrainMissing, match=rf"H1:T.*\[{T0 + start}\.000, {T0 + end}\.000\)"):
        opened(folder).read("H1", T0 + start, T0 + end)


def test_what_is_available(folder):
    strain = opened(folder)
    assert strain.available("H1", T0 - 8, T0 + 24) == [(T0, T0 + 24)]
    assert strain.available("H1", T0 + 40, T0 + 100) == [(T0 + 40, T0 + 48), (T0 + 80, T0 + 96)]
    assert strain.available("H1", T0 + 50, T0 + 60) == []
    for a, b in strain.available("H1", T0 - 50.3, T0 + 99.7):
        assert len(strain.read("H1", a, b).values) == round((b - a) * RATE)


def test_each_frame_is_read_once(folder, monkeypatch):
    read = []
    load = frames.load_many
    monkeypatch.setattr(
        frames, "load_many", lambda frame, channels: read.append(frame.path) or load(frame, channels)
    )
    strain = opened(folder)
    for at in np.arange(2.0, 44.0, 1.5):
        strain.available("H1", T0 + at - 2, T0 + at + 2)
        strain.read("H1", T0 + at - 2, T0 + at + 2)
    assert len(read) == 3


def test_overlapping_frames_and_nan(tmp_path):
    values = samples(T0, T0 + STEP)
    values[4 * RATE : 6 * RATE] = np.nan
    write(tmp_path, T0, values=values)
    write(tmp_path, T0 + 5, length=STEP)
    strain = opened(tmp_path)
    assert strain.available("H1", T0, T0 + 21) == [(T0, T0 + 4), (T0 + 5, T0 + 21)]
    with pytest.raises(StrainMissing, match="strain_gap"):
        strain.read("H1", T0 + 3, T0 + 8)
    assert np.array_equal(strain.read("H1", T0 + 5, T0 + 21).values, samples(T0 + 5, T0 + 21))


def damage(path, how):
    body = path.read_bytes()
    cut = {
        "truncated": body[: len(body) // 2],
        "empty": b"",
        "short": body[:10],
        "text": b"not found\n" * 500,
        "zeros": body[:3000] + bytes(4096) + body[7096:],
        "end": body[:-100],
        "blank end": body[:-100] + bytes(100),
    }
    path.write_bytes(cut[how])


@pytest.mark.parametrize("ext", ["gwf", "hdf5"])
@pytest.mark.parametrize("how", ["truncated", "empty", "short", "text", "end", "blank end"])
def test_a_damaged_frame_is_a_reason(tmp_path, ext, how):
    write(tmp_path, T0)
    damage(write(tmp_path, T0 + STEP, ext=ext), how)
    strain = opened(tmp_path)
    for _ in range(2):
        with pytest.raises(StrainMissing, match=rf"H1:T.*H-H1_T-{T0 + STEP}-16\.{ext}"):
            strain.read("H1", T0 + 17, T0 + 18)
    assert strain.available("H1", T0 + 8, T0 + 24) == [(T0 + 8, T0 + 16)]
    assert len(strain.read("H1", T0, T0 + 16).values) == STEP * RATE


@pytest.mark.parametrize("how", ["truncated", "empty", "short", "text", "end", "blank end"])
def test_the_channels_of_a_damaged_frame_cannot_be_listed(tmp_path, how):
    path = write(tmp_path, T0)
    frame = frame_files.Frame(T0, T0 + STEP, str(path))
    assert frames.channel_rates(frame, ["H1:*"]) == {"H1:T": RATE}
    damage(path, how)
    with pytest.raises(UserError, match=path.name):
        frames.channel_rates(frame, ["H1:*"])


def test_a_block_of_zeros_does_not_crash(tmp_path):
    damage(write(tmp_path, T0), "zeros")
    with pytest.raises(StrainMissing, match="frame_damaged"):
        opened(tmp_path).read("H1", T0, T0 + 1)


def test_another_copy_stands_in_for_a_damaged_frame(tmp_path):
    damage(write(tmp_path / "a", T0), "truncated")
    write(tmp_path / "b", T0)
    assert len(opened(tmp_path).read("H1", T0, T0 + 4).values) == 4 * RATE


def test_a_channel_that_is_not_there(folder):
    with pytest.raises(StrainMissing, match=r"H1:OTHER.*H-H1_T-1260000000-16"):
        opened(folder, channel="{ifo}:OTHER").read("H1", T0, T0 + 1)


def test_resampling_and_mixed_rates(tmp_path):
    write(tmp_path, T0)
    write(tmp_path, T0 + STEP, rate=RATE // 2, values=np.ones(STEP * RATE // 2))
    assert opened(tmp_path, sample_rate_hz=256).read("H1", T0, T0 + 4).rate == 256
    assert opened(tmp_path, sample_rate_hz=9999).read("H1", T0, T0 + 4).rate == RATE
    with pytest.raises(StrainMissing, match="rate_hz=512, expected_hz=1024") as missing:
        opened(tmp_path).read("H1", T0 + 12, T0 + 20)
    assert missing.value.reason == Reason.OTHER_RATE


def test_places_can_be_globs_patterns_and_lists(folder, tmp_path):
    path = write(tmp_path / "H1", T0)
    lists = {
        "a.lcf": f"H H1_T {T0} 16 file://localhost{path}\n",
        "b.ffl": f"{path} {T0}.0 16.0 0 0\n# {path}\n",
        "c.txt": f"{path}\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
    for place in (
        str(tmp_path / "{ifo}"),
        str(tmp_path / "*/*.gwf"),
        str(path),
        *(tmp_path / n for n in lists),
    ):
        assert opened(place).available("H1", T0, T0 + 99) == [(T0, T0 + 16)]
    assert opened(folder, frame_type="{ifo}_T").available("H1", T0, T0 + 9)
    with pytest.raises(UserError, match=r"no frame of H1 of type AUX"):
        opened(folder, frame_type="AUX").read("H1", T0, T0 + 1)
    with pytest.raises(UserError, match="no frame of V1"):
        opened(folder).read("V1", T0, T0 + 1)


def test_a_frame_that_went_away_is_no_row(tmp_path):
    path = write(tmp_path, T0)
    strain = opened(tmp_path)
    assert strain.available("H1", T0 + 99, T0 + 100) == []
    path.unlink()
    with pytest.raises(UserError, match="cannot be opened"):
        strain.read("H1", T0, T0 + 1)


def test_hdf5_of_any_name_is_found_by_what_is_in_it(tmp_path, caplog):
    path = tmp_path / "trends of January.hdf5"
    for number, (ifo, start) in enumerate([("L1", T0), ("L1", T0 + 120), ("H1", T0)]):
        name = f"{ifo}:ISI-GND_{number}.mean"
        series = TimeSeries(np.ones(10), t0=start, dt=60, name=name, channel=name)
        series.write(str(path), format="hdf5", path=name, append=True)
    (tmp_path / "broken.h5").write_bytes(path.read_bytes()[:500])
    (found,) = frame_files.find_frames(str(tmp_path), ifo="L1", frame_type=None)
    assert (found.start, found.end, found.path) == (T0, T0 + 720, str(path))
    assert "broken.h5 is damaged" in caplog.text
    for ifo, frame_type in (("V1", None), ("L1", "L1_TREND")):
        with pytest.raises(UserError, match=r"no frame of .* HDF5 files of gwpy's"):
            frame_files.find_frames(str(tmp_path), ifo=ifo, frame_type=frame_type)


@given(st.integers(0, 2**31), st.integers(1, 10**5), st.sampled_from(["gwf", "hdf5", "h5"]))
def test_a_frame_name_is_its_interval(start, length, ext):
    frame = frame_files.parse(
        f"/a/b-c/H-H1_HOFT_C00-{start}-{length}.{ext}", ifo="H1", frame_type="H1_HOFT_C00"
    )
    assert (frame.start, frame.end) == (start, start + length)
    assert frame_files.parse(f"H-H1_HOFT_C00-{start}-{length}.{ext}", ifo="L1", frame_type=None) is None
    assert frame_files.parse(f"H-H2_HOFT_C00-{start}-{length}.{ext}", ifo="H1", frame_type=None) is None
    assert frame_files.parse(f"HLV-HW-{start}-{length}.{ext}", ifo="L1", frame_type=None) is not None


@given(st.floats(0, 2e9), st.floats(0.1, 1e5), st.integers(1, 5000))
def test_aligned_pieces_cover_the_interval(start, length, step):
    starts = locate.aligned_starts(start, start + length, step)
    assert starts[0] <= start
    assert starts[-1] + step >= start + length
    assert all(at % step == 0 for at in starts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "tape"}, "tape.*frames, gwdatafind"),
        ({"frames": None}, "strain.frames"),
        ({"source": "gwdatafind", "frame_type": "T"}, "GWDATAFIND_SERVER"),
        ({"source": "gwdatafind", "host": "x"}, "frame type"),
        ({"source": "nds2"}, "nds2: no server"),
    ],
)
def test_what_a_source_needs(monkeypatch, options, message):
    monkeypatch.delenv("GWDATAFIND_SERVER", raising=False)
    with pytest.raises(UserError, match=message):
        opened("x", **options)


# GWDataFind: the real server, and servers that fail.


def finder(host, **options):
    base = {
        "source": "gwdatafind",
        "frame_type": "{ifo}_T",
        "host": host,
        "policy": RetryPolicy(1, 5.0, 0.01),
    }
    return opened(None, **(base | options))


def test_the_real_datafind_server(tmp_path, monkeypatch):
    write(tmp_path, T0)
    write(tmp_path, T0 + STEP)
    damage(write(tmp_path, T0 + 2 * STEP), "truncated")
    stretches = [(T0, T0 + 3 * STEP), (T0 + 5000, T0 + 5000 + STEP)]
    with serve_datafind(tmp_path, site="H", tag="H1_T", duration=STEP, stretches=stretches) as url:
        monkeypatch.setenv("GWDATAFIND_SERVER", url)
        strain = finder(None)
        assert np.array_equal(strain.read("H1", T0 + 12, T0 + 20).values, samples(T0 + 12, T0 + 20))
        assert strain.available("H1", T0 - 9, T0 + 60) == [(T0, T0 + 2 * STEP)]
        with pytest.raises(StrainMissing, match=r"H-H1_T-1260000032-16\.gwf"):
            strain.read("H1", T0 + 33, T0 + 34)
        with pytest.raises(StrainMissing, match="no_frame"):
            strain.read("H1", T0 + 50, T0 + 51)
        with pytest.raises(
            UserError, match=r"H-H1_T-1260005000-16\.gwf cannot be opened on this machine.*mount"
        ):
            strain.read("H1", T0 + 5001, T0 + 5002)
        with pytest.raises(UserError, match=r"no frame type 'H1_TYPO'.*nearest: H1_T"):
            finder(url, frame_type="{ifo}_TYPO").read("H1", T0, T0 + 1)
    with pytest.raises(SourceFault, match="GWDataFind"):
        finder(url, policy=RetryPolicy(1, 1.0, 0.01)).read("H1", T0, T0 + 1)


# GWOSC: its API as the client reads it, and its HDF5 files.


def gwosc_file(path, start, *, length=4096, rate=64, gap=None):
    values = np.arange(length * rate, dtype=float)
    if gap:
        values[gap[0] * rate : gap[1] * rate] = np.nan
    with h5py.File(path, "w") as file:
        strain = file.create_dataset("strain/Strain", data=values, compression="gzip")
        strain.attrs.update({"Xspacing": 1 / rate, "Xstart": start, "Npoints": len(values)})
        strain.attrs.update({"Xunits": "second", "Yunits": "", "Xlabel": "GPS time", "Ylabel": "Strain"})
        file["meta/GPSstart"], file["meta/Detector"] = start, "H1"
    return path.read_bytes()


def test_gwosc_files_are_downloaded_once(tmp_path):
    first = T0 // 4096 * 4096
    with serve() as web:

        def strain_files(handler, _number):
            query = parse_qs(urlparse(handler.path).query)
            start, end = int(query["start"][0]), int(query["stop"][0])
            covering = [at for at in (first, first + 4096) if at < end and at + 4096 > start]
            covering = covering if query["sample-rate"] == ["4"] and query["detector"] == ["H1"] else []
            names = [f"{web.url}/data/H-H1_GWOSC_4KHZ_R1-{at}-4096.hdf5" for at in covering]
            body = {"num_pages": 1, "next": None, "results": [{"hdf5_url": name} for name in names]}
            plain(json.dumps(body).encode(), "application/json")(handler, 1)

        web.answers["/api/v2/strain-files"] = strain_files
        for at, gap in ((first, (100, 200)), (first + 4096, None)):
            name = f"H-H1_GWOSC_4KHZ_R1-{at}-4096.hdf5"
            web.answers[f"/data/{name}"] = busy_first(1, plain(gwosc_file(tmp_path / name, at, gap=gap)))
        strain = opened(None, source="gwosc", host=web.url, policy=RetryPolicy(2, 5.0, 0.01))
        assert strain.available("H1", first + 80, first + 220) == [
            (first + 80, first + 100),
            (first + 200, first + 220),
        ]
        for at in range(first + 4000, first + 4200, 20):
            assert len(strain.read("H1", at - 32, at + 32).values) == 64 * 64
        with pytest.raises(StrainMissing, match="strain_gap"):
            strain.read("H1", first + 90, first + 110)
        with pytest.raises(StrainMissing, match="no_frame"):
            strain.read("H1", first - 50, first - 40)
        assert web.count(f"/data/H-H1_GWOSC_4KHZ_R1-{first}-4096.hdf5") == 2


def test_a_gwosc_file_is_read_once_for_all_channels(tmp_path, monkeypatch):
    path = tmp_path / f"H-H1_GWOSC_4KHZ_R1-{T0}-4.hdf5"
    gwosc_file(path, T0, length=4)
    opens, file = [], h5py.File
    monkeypatch.setattr(frames.h5py, "File", lambda *of: opens.append(of) or file(*of))
    pieces = frames.load_many(frame_files.Frame(T0, T0 + 4, str(path)), ["H1:A", "H1:B"])
    assert len(opens) == 1
    assert pieces["H1:A"] is pieces["H1:B"]
    assert (pieces["H1:A"].t0, pieces["H1:A"].rate, len(pieces["H1:A"].values)) == (T0, 64, 256)


def test_nds2_without_its_client():
    with pytest.raises(UserError, match="conda"):
        opened(None, source="nds2", host="nds.example.org")


def test_an_nds2_client_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(locate.importlib.util, "find_spec", lambda _name: object())
    strain = opened(None, source="nds2", host="nds.example.org", policy=RetryPolicy(0, 0.05))
    with pytest.raises(SourceFault, match=r"nds2 at nds\.example\.org, H1:T.*no answer"):
        strain.read("H1", T0, T0 + 1)


@pytest.mark.parametrize("ext", ["gwf", "h5"])
def test_a_type_of_data_is_no_part_of_the_name_in_frame_files(tmp_path, ext):
    write(tmp_path, T0, ext=ext)
    plain, typed = (
        opened(tmp_path, channel=f"{{ifo}}:T{suffix}").read("H1", T0, T0 + 2) for suffix in ("", ",reduced")
    )
    assert len(plain.values) > 0
    np.testing.assert_array_equal(plain.values, typed.values)
