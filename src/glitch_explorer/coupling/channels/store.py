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

from glitch_explorer.core import files
from glitch_explorer.coupling.channels.bands import CELL_S, WARM_UP_S
from glitch_explorer.coupling.channels.features import columns_of, piece_features
from glitch_explorer.coupling.channels.fetch import ChannelReader, Missing
from glitch_explorer.sources.reasons import Reason

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
    """Logarithms float32 (BLOCK_CELLS, l), means float64 (BLOCK_CELLS, k), and what is missing."""

    logs: np.ndarray
    means: np.ndarray
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
        self.logs, self.means = columns_of(table, self._bands)
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
        before = self.made
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
        if self.made > before:
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
                block = Block(
                    data["logs"],
                    data["means"],
                    [Missing(**one | {"reason": Reason(one["reason"])}) for one in about["missing"]],
                )
            os.utime(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return block if about["mark"] == mark else None

    def _make(self, number: int, mark: str) -> Block:
        """Make a block and write it."""
        begin = float(number * BLOCK_S)
        start, end = begin - WARM_UP_S, begin + BLOCK_S
        self._reader.advance(start, end)
        block = self._features(start, end)
        missing = [
            Missing(one.channel, max(one.start, begin), one.end, one.reason)
            for one in block.missing
            if one.end > begin
        ]
        about: dict[str, Any] = {"mark": mark, "missing": [vars(one) for one in missing]}
        text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
        with files.whole(self._path(number)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, logs=block.logs, means=block.means, about=text)
        self.made += 1
        return Block(block.logs, block.means, missing)

    def _features(self, start: float, end: float) -> Block:
        logs = np.full((BLOCK_CELLS, len(self.logs)), np.nan, np.float32)
        means = np.full((BLOCK_CELLS, len(self.means)), np.nan)
        missing: list[Missing] = []
        log_places = self.logs.groupby("channel", sort=False).indices
        mean_places = self.means.groupby("channel", sort=False).indices
        for _, rows in self._table.groupby(["rate_hz", "kind"], sort=True):
            rate, kind = float(rows["rate_hz"].iloc[0]), str(rows["kind"].iloc[0])
            step = max(1, int(_GROUP_BYTES / 8 / (rate * (end - start))))
            for first in range(0, len(rows), step):
                names = list(rows["channel"].iloc[first : first + step])
                samples, gone = self._reader.samples(names, start, end)
                missing += gone
                if np.isnan(samples).all():
                    continue
                made = piece_features(samples, rate, kind, self._bands, skip=round(WARM_UP_S / CELL_S))
                for name, own_logs, own_means in zip(names, *made, strict=True):
                    logs[:, log_places.get(name, [])] = own_logs.T
                    means[:, mean_places.get(name, [])] = own_means.T
        return Block(logs, means, sorted(missing))

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
    return Path(path).stat().st_size if Path(path).is_file() else -1
