"""The feature store: one file a detector, channel set and GPS block, made once.

It saves work and changes no result: a block is made from its own data and a fixed
warm-up before it, whichever family asks, and is made again when the frames or the
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

from glitch_explorer import files
from glitch_explorer.coupling.bands import CELL_S, WARM_UP_S
from glitch_explorer.coupling.features import columns_of, piece_features
from glitch_explorer.coupling.fetch import ChannelReader, Missing

#: Length of a block in seconds, and its cells.
BLOCK_S = 128
BLOCK_CELLS = round(BLOCK_S / CELL_S)
#: Blocks under one lock: about an hour, so that two jobs seldom wait for each other.
_BLOCKS_PER_LOCK = 32
#: Samples of one group of channels that are worked on at a time.
_GROUP_BYTES = 32 << 20
#: Raise it when the features change, so that older blocks are left aside.
_VERSION = 1


@dataclass(frozen=True)
class Block:
    """Features of one block: values float64 (BLOCK_CELLS, m), and what is missing."""

    values: np.ndarray
    missing: list[Missing]


class FeatureStore:
    """Blocks of features of one detector and channel set.

    Parameters
    ----------
    folder
        The store's folder; this set lies in a folder of its own below it.
    ifo, table, bands
        Detector, table `channels`, and band edges in Hz.
    reader
        Reads what is missing.
    source
        What tells this source of data from another, e.g. the frame type.
    size_limit_bytes
        Blocks used least recently are removed beyond this size of `folder`.
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
        self._table, self._bands = table, [(float(a), float(b)) for a, b in bands]
        self.columns = columns_of(table, self._bands)
        named = table[["channel", "rate_hz", "kind"]].values.tolist()
        key = json.dumps([_VERSION, CELL_S, BLOCK_S, WARM_UP_S, named, self._bands, source])
        self._folder = self._root / f"{ifo}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        self.made = 0

    def blocks(self, numbers: Iterable[int]) -> dict[int, Block]:
        """Give blocks by number (block b covers [b * 128, (b + 1) * 128) GPS); missing ones are made.

        Two processes make no block twice: the second waits for the first.

        Raises
        ------
        UserError, SourceFault
            When data cannot be opened, or a server stays away; blocks made before that stay.
        """
        found: dict[int, Block] = {}
        groups: dict[int, list[int]] = {}
        for number in sorted(set(numbers)):
            groups.setdefault(number // _BLOCKS_PER_LOCK, []).append(number)
        for group, members in groups.items():
            marks = {number: self._mark(number) for number in members}
            found |= {n: block for n in members if (block := self._read(n, marks[n])) is not None}
            absent = [number for number in members if number not in found]
            if not absent:
                continue
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f"{group}.lock"):
                for number in absent:
                    block = self._read(number, marks[number])
                    found[number] = block if block is not None else self._make(number, marks[number])
        if self.made:
            self._shrink(keep={self._path(number) for number in found})
        return found

    def _path(self, number: int) -> Path:
        return self._folder / f"{number * BLOCK_S}.npz"

    def _mark(self, number: int) -> str:
        """Name what a block is made from: the frames, their sizes, and the segments."""
        start, end = number * BLOCK_S - WARM_UP_S, (number + 1) * BLOCK_S
        frames = [(Path(frame.path).name, _length(frame.path)) for frame in self._reader.frames(start, end)]
        text = json.dumps([frames, self._reader.inside(start, end)])
        return hashlib.sha256(text.encode()).hexdigest()

    def _read(self, number: int, mark: str) -> Block | None:
        """Read a block; None where there is none, or a half one, or one made from other data."""
        path = self._path(number)
        try:
            with np.load(path, allow_pickle=False) as data:
                about = json.loads(bytes(data["about"]))
                values = np.concatenate([data["logs"].astype(np.float64), data["means"]], axis=1)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if about["mark"] != mark:
            return None
        os.utime(path)
        back = np.argsort(np.concatenate(self._split()), kind="stable")
        return Block(values[:, back], [Missing(**one) for one in about["missing"]])

    def _split(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the numbers of the columns that are logarithms, and of those that are means."""
        is_mean = (self.columns["band"] == "mean").to_numpy()
        return np.flatnonzero(~is_mean), np.flatnonzero(is_mean)

    def _make(self, number: int, mark: str) -> Block:
        """Make a block and write it. Logarithms keep 24 bits, means all 53."""
        start, end = float(number * BLOCK_S - WARM_UP_S), float((number + 1) * BLOCK_S)
        self._reader.advance(start, end)
        values, missing = self._features(start, end)
        logs, means = self._split()
        missing = [
            Missing(one.channel, max(one.start, start + WARM_UP_S), one.end, one.reason)
            for one in missing
            if one.end > start + WARM_UP_S
        ]
        about: dict[str, Any] = {"mark": mark, "missing": [vars(one) for one in missing]}
        kept = values[:, logs].astype(np.float32)
        text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
        with files.whole(self._path(number)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, logs=kept, means=values[:, means], about=text)
        self.made += 1
        values[:, logs] = kept
        return Block(values, missing)

    def _features(self, start: float, end: float) -> tuple[np.ndarray, list[Missing]]:
        values = np.full((BLOCK_CELLS, len(self.columns)), np.nan)
        missing: list[Missing] = []
        places = self.columns.groupby("channel", sort=False).indices
        for (rate, kind), rows in self._table.groupby(["rate_hz", "kind"], sort=True):
            step = max(1, int(_GROUP_BYTES / 8 / (rate * (end - start))))
            for first in range(0, len(rows), step):
                names = list(rows["channel"].iloc[first : first + step])
                samples, gone = self._reader.samples(names, start, end)
                missing += gone
                if np.isnan(samples).all():
                    continue
                made = piece_features(samples, rate, kind, self._bands, skip=round(WARM_UP_S / CELL_S))
                for name, one in zip(names, made, strict=True):
                    values[:, places[name]] = one.T
        return values, sorted(missing)

    def _shrink(self, keep: set[Path]) -> None:
        """Remove the blocks used least recently until the store fits, but none of `keep`."""
        stated = []
        for path in self._root.glob("*/[0-9]*.npz"):
            try:
                stated.append((path.stat().st_mtime_ns, path.stat().st_size, path))
            except FileNotFoundError:
                continue  # another process removed it
        size = sum(length for _, length, _ in stated)
        for _, length, path in sorted(stated):
            if size <= self._limit:
                break
            if path not in keep:
                path.unlink(missing_ok=True)
                size -= length


def _length(path: str) -> int:
    return os.path.getsize(path) if os.path.isfile(path) else -1
