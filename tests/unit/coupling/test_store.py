import multiprocessing
import os

import numpy as np
import pandas as pd
import pytest
from gwpy.timeseries import TimeSeries, TimeSeriesDict

from glitch_explorer.coupling.channels import filters
from glitch_explorer.coupling.channels.feature_set import family_features, stored_values
from glitch_explorer.coupling.channels.fetch import ChannelReader
from glitch_explorer.coupling.channels.live_time import LiveTime, even_sample, live_intervals
from glitch_explorer.coupling.channels.store import CHUNK_S, FeatureStore
from glitch_explorer.sources import frames
from glitch_explorer.sources.locate import open_locator
from glitch_explorer.sources.reasons import Reason
from glitch_explorer.sources.retry import RetryPolicy, SourceFault
from tests.servers.datafind import serve_datafind
from tests.servers.web import hang, ranged, serve

T0 = 1260000000 // CHUNK_S * CHUNK_S
STEP, FRAMES = 64, 10
SEGMENTS = np.array([[T0, T0 + STEP * FRAMES]], float)
BANDS = [(0.3, 1.0), (3.0, 10.0), (10.0, 30.0)]
RATES = {"H1:PEM-A": 64.0, "H1:PEM-B": 64.0, "H1:SUS-C": 16.0, "H1:ISI-D_RMS": 1.0}


def table(rates=RATES):
    kinds = ["rms" if name.endswith("RMS") else "raw" for name in rates]
    return pd.DataFrame({"channel": list(rates), "rate_hz": list(rates.values()), "kind": kinds})


def write(folder, number, *, leave=(), change=None):
    """Write one frame of all channels; `change` alters a channel's samples and rate."""
    rng, start, series = np.random.default_rng(number), T0 + number * STEP, TimeSeriesDict()
    for name, usual in RATES.items():
        values, rate = rng.standard_normal(round(STEP * usual)).astype(np.float32) + 2, usual
        if change and name in change:
            values, rate = change[name](values, rate)
        if name not in leave:
            series[name] = TimeSeries(np.abs(values), t0=start, sample_rate=rate, name=name, channel=name)
    path = folder / f"H-H1_T-{start}-{STEP}.gwf"
    series.write(str(path), format="gwf")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("frames")
    for number in range(FRAMES):
        write(path, number)
    return path


def opened(gwf_folder, store, *, rates=RATES, segments=SEGMENTS, limit=1 << 30, **options):
    base = {"frames": str(gwf_folder), "frame_type": "{ifo}_T", "host": None}
    base |= {"sample_rate_hz": None, "policy": RetryPolicy(1, 5.0, 0.01)}
    locator = open_locator(options.pop("source", "frames"), **(base | options))
    reader = ChannelReader(locator, ifo="H1", table=table(rates), segments=segments)
    feature_store = FeatureStore(
        store,
        ifo="H1",
        table=table(rates),
        bands=BANDS,
        reader=reader,
        source="T",
        size_limit_bytes=limit,
    )
    return feature_store, reader


def features(gwf_folder, store, *, live=SEGMENTS, **options):
    return family_features(opened(gwf_folder, store, **options)[0], live)


def same(first, second):
    assert np.array_equal(first.live.bins, second.live.bins)
    assert np.array_equal(first.values, second.values, equal_nan=True)
    pd.testing.assert_frame_equal(first.columns, second.columns)
    pd.testing.assert_frame_equal(first.coverage, second.coverage)


def stored(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*/*.npz"))}


def test_every_frame_is_opened_once_and_the_store_changes_nothing(folder, tmp_path, monkeypatch):
    read = []
    load = frames.load_many
    monkeypatch.setattr(frames, "load_many", lambda f, c: read.append(f.path) or load(f, c))
    first = features(folder, tmp_path / "a")
    assert len(read) == len(set(read)) == FRAMES
    again = features(folder, tmp_path / "a")
    assert len(read) == FRAMES
    same(first, again)
    same(first, features(folder, tmp_path / "b"))
    assert stored(tmp_path / "a") == stored(tmp_path / "b")
    # A family elsewhere, alone, gets the same chunks.
    part = np.array([[T0 + 300.0, T0 + 400.0]])
    features(folder, tmp_path / "c", live=part)
    assert all(stored(tmp_path / "a")[name] == body for name, body in stored(tmp_path / "c").items())
    assert list(first.coverage["share"]) == pytest.approx([1, 1, 1, 1], abs=0.01)
    assert first.values.dtype == np.float32
    assert list(first.columns.columns) == ["channel", "band", "low_hz", "high_hz", "settling_s"]
    assert len(first.columns) == first.values.shape[1] == 3 + 3 + 2 + 1 + 3 + 3
    late = first.live.bins > (T0 + 130) / 0.5
    assert np.isfinite(first.values[late]).all()


def test_settling_times_are_computed_once(folder, tmp_path, monkeypatch):
    first, _ = opened(folder, tmp_path)
    (path,) = tmp_path.glob("*/settling.json")
    path.write_text(path.read_text()[:20])
    second, _ = opened(folder, tmp_path)  # half a file is computed again
    monkeypatch.delattr(filters, "settling_s")
    third, _ = opened(folder, tmp_path)
    for store in (second, third):
        pd.testing.assert_frame_equal(store.logs, first.logs)
        pd.testing.assert_frame_equal(store.means, first.means)


def test_half_a_file_is_made_again(folder, tmp_path):
    first = features(folder, tmp_path)
    whole = stored(tmp_path)
    for path, content in zip(sorted(tmp_path.glob("*/*.npz")), (b"", b"PK", None), strict=False):
        path.write_bytes(whole[path.name][:1000] if content is None else content)
    same(first, features(folder, tmp_path))
    assert stored(tmp_path) == whole


def _work(gwf_folder, store, barrier, answers):
    feature_store, reader = opened(gwf_folder, store)
    barrier.wait()
    values = family_features(feature_store, SEGMENTS).values
    answers.put((feature_store.computed, reader.opened, float(np.nansum(values))))


@pytest.mark.slow
def test_two_processes_compute_each_chunk_once(folder, tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_work, args=(folder, tmp_path, barrier, answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    got = [answers.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(computed for computed, _, _ in got) == len(stored(tmp_path)) == STEP * FRAMES / CHUNK_S
    assert got[0][2] == got[1][2]


def test_the_store_keeps_its_size(folder, tmp_path):
    first = features(folder, tmp_path / "a")
    size = max(len(body) for body in stored(tmp_path / "a").values())
    for at in range(5):
        part = np.array([[T0 + at * CHUNK_S, T0 + (at + 1) * CHUNK_S]], float)
        features(folder, tmp_path / "b", live=part, limit=2 * size)
    left = [int(name.split(".")[0]) for name in stored(tmp_path / "b")]
    assert left == [T0 + 3 * CHUNK_S, T0 + 4 * CHUNK_S]
    same(first, features(folder, tmp_path / "b", limit=0))


def test_what_is_missing_is_told_and_nothing_else_suffers(folder, tmp_path, caplog):
    def nan(values, rate):
        values[:640] = np.nan
        return values, rate

    for number in range(FRAMES):
        if number != 4:
            write(
                tmp_path,
                number,
                leave=("H1:PEM-B",) if number > 5 else (),
                change={
                    "H1:PEM-A": nan if number == 2 else lambda v, r: (v, r),
                    "H1:SUS-C": (lambda v, r: (v[::2], r / 2)) if number in (8, 9) else lambda v, r: (v, r),
                },
            )
    path = tmp_path / f"H-H1_T-{T0 + 6 * STEP}-{STEP}.gwf"
    path.write_bytes(path.read_bytes()[:5000])
    rates = RATES | {"H1:PEM-NONE": 64.0}
    result = features(tmp_path, tmp_path / "store", rates=rates)
    coverage = result.coverage.set_index("channel")
    assert coverage["share"]["H1:PEM-NONE"] == 0
    assert coverage["reason"]["H1:PEM-NONE"] == Reason.NO_CHANNEL
    assert coverage["no_channel"].to_dict() == pytest.approx(
        dict.fromkeys(RATES, 0) | {"H1:PEM-B": 0.3, "H1:PEM-NONE": 0.8}
    )
    assert coverage["no_frame"].tolist() == pytest.approx([0.1] * 5)
    assert coverage["frame_damaged"].tolist() == pytest.approx([0.1] * 5)
    assert coverage["not_finite"]["H1:PEM-A"] == pytest.approx(0.0156, abs=1e-3)
    assert coverage["other_rate"]["H1:SUS-C"] == pytest.approx(0.2)
    assert caplog.text.count("H1:SUS-C has") == 1
    assert coverage["share"]["H1:ISI-D_RMS"] == pytest.approx(0.8, abs=0.01)
    assert coverage["share"]["H1:SUS-C"] == pytest.approx(0.6, abs=0.01)
    # From the second bin on: what a 1 Hz channel said last holds for its second.
    gone = (result.live.bins > (T0 + 4 * STEP) * 2) & (result.live.bins < (T0 + 5 * STEP) * 2)
    assert np.isnan(result.values[gone]).all()
    # The frame comes back: what was made without it is made again.
    write(tmp_path, 6)
    again = features(tmp_path, tmp_path / "store", rates=rates)
    assert (again.coverage["frame_damaged"] == 0).all()
    same(again, features(tmp_path, tmp_path / "other", rates=rates))


def test_nothing_outside_the_segments_is_read(folder, tmp_path):
    segments = np.array([[T0 + 128, T0 + 300.25], [T0 + 400, T0 + 500]], float)
    live = live_intervals([T0 + 200, T0 + 450], segments, max_glitches=2)
    assert live.tolist() == [[T0 + 128, T0 + 300], [T0 + 400, T0 + 500]]
    feature_store, reader = opened(folder, tmp_path, segments=segments)
    result = family_features(feature_store, live)
    assert reader.opened == 3 + 2
    assert set(result.live.stretch) == {0, 1}
    assert (result.coverage["no_frame"] == 0).all()


def test_live_time_is_bounded_and_on_the_grid():
    times = np.arange(1000.0) * 100
    assert len(even_sample(times, 50)) == 50
    assert np.ptp(np.diff(even_sample(times, 50))) == 0
    segments = [[0, 200.2], [2000, 9000], [12000.3, 12001]]
    live = live_intervals([0, 3000, 4500, 12000], segments, max_glitches=4)
    assert live.tolist() == [[0, 200], [2400, 3600], [3900, 5100], [12000.5, 12001]]
    bins = LiveTime.of(live)
    assert bins.intervals.tolist() == live.tolist()
    assert np.bincount(bins.stretch).tolist() == [400, 2400, 2400, 1]
    assert live_intervals([], np.empty((0, 2)), max_glitches=4).shape == (0, 2)


def test_the_slope_of_a_channel_slower_than_the_bins_has_a_scatter(folder, tmp_path):
    raw = pd.DataFrame({"channel": ["H1:ISI-D_RMS"], "rate_hz": [1.0], "kind": ["raw"]})
    _, reader = opened(folder, tmp_path)
    store = FeatureStore(
        tmp_path, ifo="H1", table=raw, bands=BANDS, reader=reader, source="T", size_limit_bytes=1 << 30
    )
    result = family_features(store, SEGMENTS)
    slope = result.values[:, list(result.columns["band"]).index("slope")]
    assert np.isfinite(slope).mean() > 0.7
    assert np.nanmax(np.abs(slope)) < 20


def test_bins_of_live_time_by_number_and_by_interval():
    live = LiveTime.of(np.array([[10.0, 12.0], [20.0, 21.0]]))
    rows, inside = live.rows(np.array([20, 23, 30, 41, 99]))
    assert inside.tolist() == [True, True, False, True, False]
    assert rows[inside].tolist() == [0, 3, 5]
    intervals = np.array([[10.25, 11.5], [20.5, 30.0]])
    assert live.within(intervals).tolist() == [False, True, True, False, False, True]
    assert live.overlaps(intervals).tolist() == [True, True, True, False, False, True]


def test_the_real_datafind_server_and_a_truncated_frame(tmp_path):
    for number in range(4):
        path = write(tmp_path, number)
    path.write_bytes(path.read_bytes()[:-200])
    live = np.array([[T0, T0 + 4 * STEP]], float)
    stretches = [(T0, T0 + 4 * STEP)]
    with serve_datafind(tmp_path, site="H", tag="H1_T", duration=STEP, stretches=stretches) as url:
        result = features(None, tmp_path / "store", live=live, source="gwdatafind", host=url)
    assert result.coverage["share"].tolist() == pytest.approx([0.75] * 4, abs=0.01)
    assert set(result.coverage["reason"]) == {Reason.FRAME_DAMAGED}
    os.remove(path)
    with pytest.raises(SourceFault, match="GWDataFind"):
        once = {"source": "gwdatafind", "host": url, "policy": RetryPolicy(1, 0.5, 0.01)}
        features(None, tmp_path / "store", live=live, **once)


def test_a_server_that_hangs_or_dies_stops_the_job(tmp_path):
    block = T0 // 4096 * 4096
    api = f"/api/v1/gwf/H/H1_T/{block},{block + 4096}.json"
    with serve() as web:
        for answer in (hang(5.0), ranged(b'["file:///a/H-H1_T-1-1.gwf"]', stop_after=9)):
            web.answers[api] = answer
            with pytest.raises(SourceFault, match="GWDataFind"):
                features(None, tmp_path, source="gwdatafind", host=web.url, policy=RetryPolicy(0, 0.3))
    assert not stored(tmp_path)


def test_data_larger_than_memory_lie_on_disk(folder, tmp_path, monkeypatch):
    whole = features(folder, tmp_path / "a")
    monkeypatch.setattr("glitch_explorer.coupling.channels.fetch._MEMORY_BYTES", 1000)
    monkeypatch.setattr("glitch_explorer.coupling.channels.store._GROUP_BYTES", 1000)
    in_parts = features(folder, tmp_path / "b")
    assert np.array_equal(in_parts.values, whole.values, equal_nan=True)
    same(whole, in_parts)


MINUTES = 60
TREND = "H1:ISI-GND_STS_ETMX_Z_BLRMS_30M_100M.mean"


@pytest.fixture(scope="module")
def trend_folder(tmp_path_factory):
    """Write an hour of a minute trend: 1 to 60."""
    folder = tmp_path_factory.mktemp("trend")
    series = TimeSeries(np.arange(1.0, MINUTES + 1), t0=T0, dt=60, name=TREND, channel=TREND)
    series.write(str(folder / f"H-H1_M-{T0}-{60 * MINUTES}.gwf"), format="gwf")
    return folder


def samples(folder, channel, rate, end=60 * MINUTES):
    options = {"frames": str(folder), "frame_type": None, "host": None, "sample_rate_hz": None}
    locator = open_locator("frames", **options, policy=RetryPolicy(0, 5.0, 0.01))
    listed = pd.DataFrame({"channel": [channel], "rate_hz": [rate], "kind": ["trend"]})
    reader = ChannelReader(locator, ifo="H1", table=listed, segments=np.array([[T0, T0 + end]], float))
    reader.advance(T0, T0 + end)
    return reader.samples([channel], T0, T0 + end)


@pytest.mark.parametrize("rate", [0.0166666667, 0.016667, 0.01667, 1 / 60])
@pytest.mark.parametrize("suffix", ["", ",m-trend"])
def test_the_rate_of_a_minute_trend(trend_folder, rate, suffix):
    values, missing = samples(trend_folder, TREND + suffix, rate)
    np.testing.assert_array_equal(values, [np.arange(1.0, MINUTES + 1)])
    assert missing == []


def test_a_minute_trend_in_chunks_that_begin_between_its_samples(trend_folder, tmp_path):
    options = {"frames": str(trend_folder), "frame_type": None, "host": None, "sample_rate_hz": None}
    listed = pd.DataFrame({"channel": [TREND], "rate_hz": [1 / 60], "kind": ["trend"]})
    span = np.array([[T0, T0 + 60 * MINUTES]], float)
    reader = ChannelReader(open_locator("frames", **options), ifo="H1", table=listed, segments=span)
    store = FeatureStore(
        tmp_path, ifo="H1", table=listed, bands=BANDS, reader=reader, source="T", size_limit_bytes=1 << 30
    )
    live = LiveTime.of(span)
    logs, means, _ = stored_values(store, live)
    assert means.shape[1] == 0
    # A minute's value is known at its end: bin of 0.5 s that ends with it.
    late = live.bins * 0.5 + 0.5 - T0
    minute = np.floor(late / 60 + 1e-9)
    np.testing.assert_allclose(np.exp(logs[:, 0]), np.where(minute >= 1, minute, np.nan), rtol=1e-6)


@pytest.mark.parametrize("rate", [0.0167, 0.02, 1.0])
def test_another_rate_is_not_used(trend_folder, rate, caplog):
    values, missing = samples(trend_folder, TREND, rate)
    assert np.isnan(values).all()
    assert {part.reason for part in missing} == {Reason.OTHER_RATE}
    assert "0.0166667 Hz, not" in caplog.text


def test_samples_of_nearly_the_same_rate_keep_their_times():
    piece = frames.Piece(np.arange(256.0 * 100), t0=T0, rate=256.0, unit="")
    near = piece.at_rate(255.9)
    np.testing.assert_allclose(near.values / 256, np.arange(len(near.values)) / 255.9, atol=0.51 / 256)
    assert piece.at_rate(255.0) is piece
    assert piece.at_rate(256.0) is piece
