"""What it costs to read a family's channels and make features: `python benchmarks/fetch.py`.

Writes frames of simulated channels to a temporary folder, then makes the features of a family
of glitches from them with an empty store. Printed: bytes taken from the files beside the bytes
of the merged intervals, how often each frame was opened, the time beside
`TimeSeriesDict.read` glitch by glitch (measured on a few glitches and multiplied), and with
`--day` the peak memory of a day of 500 channels at 256 Hz through the features.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from gwpy.timeseries import TimeSeries, TimeSeriesDict

from glitch_explorer.coupling.fetch import ChannelReader
from glitch_explorer.coupling.live import family_features, live_intervals
from glitch_explorer.coupling.store import BLOCK_S, FeatureStore
from glitch_explorer.sources.frames import Frame, Piece
from glitch_explorer.sources.locate import Folder

T0 = 1260000000 // BLOCK_S * BLOCK_S
STEP, RATE, PAD_S = 64, 256, 600.0
BANDS = [(0.3, 1.0), (1.0, 3.0), (3.0, 10.0), (10.0, 30.0), (30.0, 100.0), (100.0, 300.0)]


def names(n: int) -> list[str]:
    return [f"H1:PEM-CHANNEL_{i}_DQ" for i in range(n)]


def table(n: int) -> pd.DataFrame:
    return pd.DataFrame({"channel": names(n), "rate_hz": float(RATE), "kind": "raw"})


def write(folder: Path, n: int, seconds: int) -> None:
    rng = np.random.default_rng(0)
    for start in range(T0, T0 + seconds, STEP):
        made = TimeSeriesDict()
        for name in names(n):
            values = rng.standard_normal(STEP * RATE, dtype=np.float32)
            made[name] = TimeSeries(values, t0=start, sample_rate=RATE, name=name, channel=name)
        made.write(str(folder / f"H-H1_R-{start}-{STEP}.gwf"), format="gwf")


class Counted(Folder):
    """A folder that counts what is taken from its files: each is read whole by its checksum."""

    def __init__(self, place: str) -> None:
        super().__init__(place, frame_type=None)
        self.opened: list[str] = []
        self.bytes = 0

    def load_many(self, frame: Frame, channels: list[str]) -> dict[str, Piece | str]:
        self.opened.append(frame.path)
        self.bytes += Path(frame.path).stat().st_size
        return super().load_many(frame, channels)


class Made:
    """Frames that are drawn when asked for, so that a day of them needs no disk."""

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        first = int(start // STEP) * STEP
        return [Frame(at, at + STEP, f"made-{at}") for at in range(first, int(np.ceil(end)), STEP)]

    def load_many(self, frame: Frame, channels: list[str]) -> dict[str, Piece | str]:
        noise = np.random.default_rng(int(frame.start)).standard_normal(STEP * RATE + 1000, dtype=np.float32)
        return {
            name: Piece(noise[i : i + STEP * RATE].copy(), frame.start, RATE, "")
            for i, name in enumerate(channels)
        }


def store_of(folder: Path, locator: object, n: int, live: np.ndarray) -> FeatureStore:
    reader = ChannelReader(locator, ifo="H1", table=table(n), segments=live)
    return FeatureStore(
        folder, ifo="H1", table=table(n), bands=BANDS, reader=reader, source="b", size_limit_bytes=1 << 40
    )


def family(options: argparse.Namespace, folder: Path) -> None:
    n, seconds = options.channels, options.seconds
    (folder / "frames").mkdir()
    write(folder / "frames", n, seconds)
    rng = np.random.default_rng(1)
    times = np.sort(T0 + rng.uniform(0.15, 0.85, options.glitches) * seconds)
    segments = np.array([[T0, T0 + seconds]], float)
    live = live_intervals(times, segments, pad_s=PAD_S, max_glitches=options.glitches)
    locator = Counted(str(folder / "frames"))
    reader = ChannelReader(locator, ifo="H1", table=table(n), segments=segments)
    begin = time.perf_counter(), time.process_time()
    for number in range(int(live[0, 0] // BLOCK_S), int(np.ceil(live[-1, 1] / BLOCK_S))):
        reader.advance(number * BLOCK_S - 64, (number + 1) * BLOCK_S)
        reader.samples(names(n), number * BLOCK_S - 64, (number + 1) * BLOCK_S)
    fetched = time.perf_counter() - begin[0], time.process_time() - begin[1]
    taken, opened = locator.bytes, locator.opened
    merged = np.diff(live, axis=1).sum() * RATE * 4 * n
    begin = time.perf_counter(), time.process_time()
    chosen = times[:: max(1, len(times) // options.sample)][: options.sample]
    paths = sorted((folder / "frames").iterdir())
    for at in chosen:
        a, b = max(at - PAD_S, T0), min(at + PAD_S, T0 + seconds)
        near = [
            str(p) for p in paths if int(p.stem.split("-")[2]) < b and int(p.stem.split("-")[2]) + STEP > a
        ]
        TimeSeriesDict.read(near, names(n), start=a, end=b, format="gwf")
    scale = options.glitches / len(chosen)
    slow = scale * (time.perf_counter() - begin[0]), scale * (time.process_time() - begin[1])
    begin = time.perf_counter()
    found = family_features(store_of(folder / "store", Counted(str(folder / "frames")), n, segments), live)
    whole = time.perf_counter() - begin
    print(
        f"{options.glitches} glitches, {n} channels of {RATE} Hz, {np.diff(live, axis=1).sum():.0f} s merged"
    )
    print(f"bytes: {taken / merged:.3f} of the merged intervals")
    print(f"frames: {len(set(opened))} opened {len(opened) / len(set(opened)):.2f} times each")
    print(f"read: {fetched[0]:.1f} s ({fetched[1]:.1f} s of a core)")
    print(f"glitch by glitch: {slow[0]:.1f} s ({slow[1]:.1f} s of a core), from {len(chosen)} of them")
    print(f"ratio: {slow[0] / fetched[0]:.1f} in time, {slow[1] / fetched[1]:.1f} in work")
    print(f"features and scores, empty store: {whole:.1f} s; {found.values.shape} values")


def day(options: argparse.Namespace, folder: Path) -> None:
    live = np.array([[T0, T0 + options.day_seconds]], float)
    store = store_of(folder / "day", Made(), 500, live)
    begin = time.perf_counter(), time.process_time()
    for number in range(T0 // BLOCK_S, (T0 + options.day_seconds) // BLOCK_S):
        store.blocks([number])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    spent = time.perf_counter() - begin[0], time.process_time() - begin[1]
    print(f"{options.day_seconds} s of 500 channels: {spent[0]:.0f} s ({spent[1]:.0f} s of a core)")
    print(f"peak: {peak:.2f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--glitches", type=int, default=200)
    parser.add_argument("--channels", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=14400 // BLOCK_S * BLOCK_S)
    parser.add_argument("--sample", type=int, default=4, help="glitches that gwpy reads one by one")
    parser.add_argument("--day", action="store_true", help="measure memory over a day instead")
    parser.add_argument("--day-seconds", type=int, default=86400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (day if options.day else family)(options, Path(folder))


if __name__ == "__main__":
    main()
