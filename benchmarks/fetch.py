"""Measure reading a family's channels and computing features: `python benchmarks/fetch.py`.

Frames of simulated channels are written to a temporary folder, and the features of a family are computed
from them with an empty store. Printed is

- the number of bytes read, divided by what the requested channels take in the frame files (compressed) over
  the merged intervals: as requested of the files, as the kernel counts for the process (`rchar`, which
  includes what LALFrame reads from the file in memory), and from the disk (`read_bytes`, 0 if the folder is
  in memory), after the files were dropped from the cache;
- how often each frame was opened;
- the time, and that of `TimeSeriesDict.read` glitch by glitch, extrapolated from a few glitches.

`--stored` puts more channels into the frames than are requested; `--spread` puts the glitches so far apart
that few intervals overlap. `--day` measures the peak memory of a day of 500 channels at 256 Hz instead.
"""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from gwpy.timeseries import TimeSeries, TimeSeriesDict
from harness import Spent, peak_mib, timed

from glitch_explorer.coupling.channels.bands import WARM_UP_S
from glitch_explorer.coupling.channels.feature_set import family_features
from glitch_explorer.coupling.channels.fetch import ChannelReader
from glitch_explorer.coupling.channels.live_time import live_intervals
from glitch_explorer.coupling.channels.store import CHUNK_S, FeatureStore
from glitch_explorer.map.members import MATCH_S
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import Piece, load_many
from glitch_explorer.sources.gwf import layout
from glitch_explorer.sources.locate import Folder
from glitch_explorer.sources.reasons import Reason

T0 = 1260000000 // CHUNK_S * CHUNK_S
STEP, RATE = 64, 256
BANDS = [(0.3, 1.0), (1.0, 3.0), (3.0, 10.0), (10.0, 30.0), (30.0, 100.0), (100.0, 300.0)]


def names(n: int) -> list[str]:
    return [f"H1:PEM-CHANNEL_{i}_DQ" for i in range(n)]


def table(n: int) -> pd.DataFrame:
    return pd.DataFrame({"channel": names(n), "rate_hz": float(RATE), "kind": "raw"})


def write(folder: Path, n: int, seconds: int) -> None:
    rng = np.random.default_rng(0)
    for start in range(T0, T0 + seconds, STEP):
        series = TimeSeriesDict()
        for name in names(n):
            values = rng.standard_normal(STEP * RATE, dtype=np.float32)
            series[name] = TimeSeries(values, t0=start, sample_rate=RATE, name=name, channel=name)
        series.write(str(folder / f"H-H1_R-{start}-{STEP}.gwf"), format="gwf")


class Counted(Folder):
    """A folder of frames that lists the files that were opened."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, frame_type=None)
        self.opened: list[str] = []

    def load_many(self, frame: Frame, channels: list[str]) -> dict[str, Piece | Reason]:
        self.opened.append(frame.path)
        return super().load_many(frame, channels)


@contextmanager
def counted_bytes() -> Iterator[Counter[str]]:
    """Count what is asked of frame files, and what the kernel counts; read the result after the block."""
    pread, counts, before = os.pread, Counter(), kernel()

    def counting(file: int, size: int, offset: int) -> bytes:
        content = pread(file, size, offset)
        counts["asked"] += len(content)
        return content

    os.pread = counting
    try:
        yield counts
    finally:
        os.pread = pread
    counts.update(kernel())
    counts.subtract(before)


def kernel() -> dict[str, int]:
    lines = Path("/proc/self/io").read_text().splitlines()
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}


def forget(paths: list[Path]) -> None:
    """Drop the files from the cache, so that they are read from the disk."""
    os.sync()
    for path in paths:
        with path.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def stored_bytes(paths: list[Path], channels: list[str], live: np.ndarray) -> float:
    """Add up the bytes of channels in the files, each file for the share of its time that is live."""
    total = 0.0
    for path in paths:
        start = int(path.stem.split("-")[2])
        share = np.clip(np.minimum(live[:, 1], start + STEP) - np.maximum(live[:, 0], start), 0, None).sum()
        with path.open("rb") as stream:
            spans = layout(stream.fileno()).channels
        total += share / STEP * sum(b - a for name in channels for a, b in spans[name])
    return total


class Repeated:
    """One real frame file in place of every frame of a day, so that the day needs no disk."""

    def __init__(self, folder: Path, n: int) -> None:
        write(folder, n, STEP)
        (path,) = folder.glob("*.gwf")
        self._frame = Frame(T0, T0 + STEP, str(path))

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        first = int(start // STEP) * STEP
        return [Frame(gps, gps + STEP, f"repeated-{gps}") for gps in range(first, int(np.ceil(end)), STEP)]

    def load_many(self, frame: Frame, channels: list[str]) -> dict[str, Piece | Reason]:
        pieces = load_many(self._frame, channels)
        return {name: replace(piece, t0=frame.start) for name, piece in pieces.items()}


def store_of(folder: Path, locator: object, n: int, live: np.ndarray) -> FeatureStore:
    reader = ChannelReader(locator, ifo="H1", table=table(n), segments=live)
    return FeatureStore(
        folder, ifo="H1", table=table(n), bands=BANDS, reader=reader, source="b", size_limit_bytes=1 << 40
    )


def family(options: argparse.Namespace, folder: Path) -> None:
    n, seconds = options.channels, options.seconds
    (folder / "frames").mkdir()
    write(folder / "frames", max(options.stored, n), seconds)
    rng = np.random.default_rng(1)
    times = np.sort(T0 + rng.uniform(0.15, 0.85, options.glitches) * seconds)
    if options.spread:
        times = T0 + (np.arange(options.glitches) + 0.5) * seconds / options.glitches
    segments = np.array([[T0, T0 + seconds]], float)
    live = live_intervals(times, segments, max_glitches=options.glitches)
    paths = sorted((folder / "frames").iterdir())
    merged = stored_bytes(paths, names(n), live)
    locator = Counted(str(folder / "frames"))
    reader = ChannelReader(locator, ifo="H1", table=table(n), segments=segments)
    forget(paths)
    chunks = sorted({k for a, b in live for k in range(int(a // CHUNK_S), int(np.ceil(b / CHUNK_S)))})
    with timed() as fetched, counted_bytes() as counts:
        for number in chunks:
            reader.advance(number * CHUNK_S - WARM_UP_S, (number + 1) * CHUNK_S)
            reader.samples(names(n), number * CHUNK_S - WARM_UP_S, (number + 1) * CHUNK_S)
    opened = locator.opened
    chosen = times[:: max(1, len(times) // options.sample)][: options.sample]
    with timed() as sampled:
        for trigger in chosen:
            a, b = max(trigger - MATCH_S, T0), min(trigger + MATCH_S, T0 + seconds)
            starts = {int(path.stem.split("-")[2]): str(path) for path in paths}
            near = [path for start, path in starts.items() if start < b and start + STEP > a]
            TimeSeriesDict.read(near, names(n), start=a, end=b, format="gwf")
    scale = options.glitches / len(chosen)
    slow = Spent(scale * sampled.seconds, scale * sampled.core_seconds)
    with timed() as whole:
        store = store_of(folder / "store", Counted(str(folder / "frames")), n, segments)
        features = family_features(store, live)
    print(
        f"{options.glitches} glitches, {n} of {max(options.stored, n)} channels of {RATE} Hz, "
        f"{len(live)} intervals, {np.diff(live, axis=1).sum():.0f} s merged, {merged / 2**20:.0f} MiB"
    )
    shares = {name: counts[name] / merged for name in ("asked", "rchar", "read_bytes")}
    print(
        f"bytes, of the merged intervals: {shares['asked']:.3f} asked of the frame files, "
        f"{shares['read_bytes']:.3f} from the disk, {shares['rchar']:.3f} with the file in memory"
    )
    print(f"frames: {len(set(opened))} opened {len(opened) / len(set(opened)):.2f} times each")
    print(f"read: {fetched.seconds:.1f} s ({fetched.core_seconds:.1f} s of a core)")
    print(
        f"glitch by glitch: {slow.seconds:.1f} s ({slow.core_seconds:.1f} s of a core),"
        f" from {len(chosen)} of them"
    )
    work = slow.core_seconds / fetched.core_seconds
    print(f"ratio: {slow.seconds / fetched.seconds:.1f} in time, {work:.1f} in work")
    print(
        f"features and scores, empty store: {whole.seconds:.1f} s ({whole.core_seconds:.1f} s of a core); "
        f"{features.values.shape} values"
    )


def day(options: argparse.Namespace, folder: Path) -> None:
    live = np.array([[T0, T0 + options.day_seconds]], float)
    store = store_of(folder / "day", Repeated(folder, 500), 500, live)
    with timed() as spent:
        for number in range(T0 // CHUNK_S, (T0 + options.day_seconds) // CHUNK_S):
            store.chunks([number])
    print(
        f"{options.day_seconds} s of 500 channels: {spent.seconds:.0f} s"
        f" ({spent.core_seconds:.0f} s of a core)"
    )
    print(f"peak: {peak_mib() / 1024:.2f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--glitches", type=int, default=200)
    parser.add_argument("--channels", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=14400 // CHUNK_S * CHUNK_S)
    parser.add_argument(
        "--stored", type=int, default=0, help="channels in the frames, at least those requested"
    )
    parser.add_argument("--spread", action="store_true", help="glitches evenly apart")
    parser.add_argument("--sample", type=int, default=4, help="glitches that gwpy reads one by one")
    parser.add_argument("--day", action="store_true", help="measure memory over a day instead")
    parser.add_argument("--day-seconds", type=int, default=86400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (day if options.day else family)(options, Path(folder))


if __name__ == "__main__":
    main()
