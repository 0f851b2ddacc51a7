"""The feature store: one file for each chunk of GPS time, detector and channel set, written once.

It saves work and changes no result: a chunk is computed from its own data and a fixed
warm-up before it, whichever family reads it, and is computed again when the frames or the
segments that it came from have changed.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from glitch_explorer.core import files
from glitch_explorer.core.arrays import Float32, Float64
from glitch_explorer.coupling.channels.bands import BIN_S, WARM_UP_S, Band
from glitch_explorer.coupling.channels.features import bands_of_channel, columns_of, reading_start
from glitch_explorer.coupling.channels.fetch import ChannelReader, Missing
from glitch_explorer.sources.reasons import Reason

#: Length of a chunk in seconds, and its number of time bins.
CHUNK_S = 128
CHUNK_BINS = round(CHUNK_S / BIN_S)
#: Chunks under one lock: about an hour, so that two jobs seldom wait for each other.
_CHUNKS_PER_LOCK = 32
#: Samples of one group of channels in memory at a time.
_GROUP_BYTES = 32 << 20
#: Raise it when the features change, so that older chunks are ignored.
_VERSION = 1


@dataclass(frozen=True)
class Chunk:
    """Logarithms float32 (CHUNK_BINS, l), means float64 (CHUNK_BINS, k), and what is missing."""

    logs: Float32
    means: Float64
    missing: list[Missing]


class FeatureStore:
    """Chunks of features of one detector and channel set.

    Parameters
    ----------
    folder
        Folder of the store; this channel set has a subfolder.
    ifo, table, bands
        Detector, table "channels", and band edges in Hz.
    reader
        Reads the samples of chunks that the store lacks.
    source
        Text that identifies the source of data, e.g. with its frame type.
    size_limit_bytes
        Chunks used least recently are removed beyond this size of `folder`.

    Attributes
    ----------
    logs, means
        Columns of the features (`features.columns_of`).
    computed
        Number of chunks that this object has computed.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        ifo: str,
        table: pd.DataFrame,
        bands: Sequence[tuple[float, float]],
        reader: ChannelReader,
        source: str,
        size_limit_bytes: int,
    ) -> None:
        self._root, self._reader, self._limit = Path(folder), reader, size_limit_bytes
        self._bands = [(float(a), float(b)) for a, b in bands]
        self._groups = [
            (float(rows["rate_hz"].iloc[0]), str(rows["kind"].iloc[0]), list(rows["channel"]))
            for _, rows in table.groupby(["rate_hz", "kind"], sort=True)
        ]
        channels = table[["channel", "rate_hz", "kind"]].values.tolist()
        key = json.dumps([_VERSION, BIN_S, CHUNK_S, WARM_UP_S, channels, self._bands, source])
        self._folder = self._root / f"{ifo}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        settling = self._settling()
        self.logs, self.means = columns_of(table, self._bands, lambda band, rate: settling[band, rate])
        self._log_columns = self.logs.groupby("channel", sort=False).indices
        self._mean_columns = self.means.groupby("channel", sort=False).indices
        self.computed = 0
        # Bytes written since the store's size was last counted, and how many may be before it is again.
        self._written, self._allowance = 0, 0

    def chunks(self, numbers: Iterable[int]) -> dict[int, Chunk]:
        """Read chunks by number (chunk k covers [k * 128, (k + 1) * 128) GPS), and compute missing ones.

        Two processes compute no chunk twice: the second waits for the first.

        Raises
        ------
        UserError, SourceFault
            When data cannot be opened, or a server does not answer; chunks computed before that stay.
        """
        chunks: dict[int, Chunk] = {}
        groups: dict[int, list[int]] = {}
        for number in sorted(set(numbers)):
            groups.setdefault(number // _CHUNKS_PER_LOCK, []).append(number)
        for group, members in groups.items():
            origins = {number: self._origin(number) for number in members}
            chunks |= {n: chunk for n in members if (chunk := self._read(n, origins[n])) is not None}
            absent = [number for number in members if number not in chunks]
            if not absent:
                continue
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f"{group}.lock"):
                for number in absent:
                    chunk = self._read(number, origins[number])
                    chunks[number] = self._compute(number, origins[number]) if chunk is None else chunk
        if self._written > self._allowance:
            self._shrink(used={self._path(number) for number in chunks})
        return chunks

    def _settling(self) -> dict[tuple[Band, float], float]:
        """Return the settling time in s of each band at each sample rate, from the store if it has them.

        To compute them takes scipy.signal, whose import takes as long as half of a job's other imports.
        """
        path = self._folder / "settling.json"
        try:
            return {(Band(low, high), rate): s for low, high, rate, s in json.loads(path.read_bytes())}
        except (OSError, ValueError):
            from glitch_explorer.coupling.channels.filters import settling_s
        times = {
            (band, rate): settling_s(band, rate)
            for rate, kind, _ in self._groups
            for band in bands_of_channel(rate, kind, self._bands)
        }
        files.write_json(path, [[band.low, band.high, rate, s] for (band, rate), s in times.items()])
        return times

    def _path(self, number: int) -> Path:
        return self._folder / f"{number * CHUNK_S}.npz"

    def _origin(self, number: int) -> str:
        """Return a hash of what a chunk is computed from: the frames, their sizes, and the segments."""
        start, end = self._span(number)
        frames = [(Path(frame.path).name, _length(frame.path)) for frame in self._reader.frames(start, end)]
        text = json.dumps([frames, self._reader.inside(start, end)])
        return hashlib.sha256(text.encode()).hexdigest()

    def _span(self, number: int) -> tuple[float, float]:
        """Return the GPS interval whose samples a chunk is computed from."""
        begin = float(number * CHUNK_S)
        starts = [reading_start(begin, rate) for rate, _, _ in self._groups]
        return min([begin - WARM_UP_S, *starts]), begin + CHUNK_S

    def _read(self, number: int, origin: str) -> Chunk | None:
        """Read a chunk; None where there is none, it is damaged, or it was computed from other data."""
        path = self._path(number)
        try:
            with np.load(path, allow_pickle=False) as data:
                about = json.loads(bytes(data["about"]))
                missing = [Missing(**part | {"reason": Reason(part["reason"])}) for part in about["missing"]]
                chunk = Chunk(data["logs"], data["means"], missing)
            os.utime(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return chunk if about["mark"] == origin else None

    def _compute(self, number: int, origin: str) -> Chunk:
        """Compute a chunk and write it."""
        begin = float(number * CHUNK_S)
        self._reader.advance(*self._span(number))
        chunk = self._features(begin)
        missing = [
            Missing(part.channel, max(part.start, begin), part.end, part.reason)
            for part in chunk.missing
            if part.end > begin
        ]
        about: dict[str, Any] = {"mark": origin, "missing": [vars(part) for part in missing]}
        text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
        with files.whole(self._path(number)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, logs=chunk.logs, means=chunk.means, about=text)
        self.computed += 1
        self._written += self._path(number).stat().st_size
        return Chunk(chunk.logs, chunk.means, missing)

    def _features(self, begin: float) -> Chunk:
        """Compute the features of the chunk that begins at GPS `begin`."""
        from glitch_explorer.coupling.channels.filters import chunk_features  # scipy.signal

        logs = np.full((CHUNK_BINS, len(self.logs)), np.nan, np.float32)
        means = np.full((CHUNK_BINS, len(self.means)), np.nan)
        missing: list[Missing] = []
        end = begin + CHUNK_S
        for rate, kind, channels in self._groups:
            start = reading_start(begin, rate)
            step = max(1, int(_GROUP_BYTES / 8 / (rate * (end - start))))
            for first in range(0, len(channels), step):
                names = channels[first : first + step]
                samples, gaps = self._reader.samples(names, start, end)
                missing += gaps
                if np.isnan(samples).all():
                    continue
                features = chunk_features(
                    samples, rate, kind, self._bands, before_s=begin - start, bins=CHUNK_BINS
                )
                for name, channel_logs, channel_means in zip(names, *features, strict=True):
                    logs[:, self._log_columns.get(name, [])] = channel_logs.T
                    means[:, self._mean_columns.get(name, [])] = channel_means.T
        return Chunk(logs, means, sorted(missing))

    def _shrink(self, used: set[Path]) -> None:
        """Remove the chunks used least recently until the store fits, but none of `used`.

        Counting takes long where chunks are many: it is done again after a quarter of what is free has been
        written, since other processes write, too.
        """
        chunks = []
        for path in self._root.glob("*/[0-9]*.npz"):
            try:
                about = path.stat()
            except FileNotFoundError:
                continue  # another process removed it
            chunks.append((about.st_mtime_ns, about.st_size, path))
        size = sum(length for _, length, _ in chunks)
        self._written, self._allowance = 0, max(0, self._limit - size) // 4
        for _, length, path in sorted(chunks):
            if size <= self._limit:
                break
            if path not in used:
                path.unlink(missing_ok=True)
                size -= length


def _length(path: str) -> int:
    return Path(path).stat().st_size if Path(path).is_file() else -1
