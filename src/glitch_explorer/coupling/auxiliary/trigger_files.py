"""Auxiliary triggers from files: pyomicron's folders, LIGO_LW, HDF5, ROOT, and CSV."""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.catalog.columns import Plan, plan_columns, require, source_columns
from glitch_explorer.catalog.parse import missing_text, parse_text
from glitch_explorer.catalog.rows import detectors_elsewhere, read_numbers, trigger_channels
from glitch_explorer.catalog.rules import Problems
from glitch_explorer.catalog.state import find_files, join
from glitch_explorer.catalog.table_files import TABLE_SUFFIXES, open_table
from glitch_explorer.core.arrays import Float32, Float64
from glitch_explorer.core.channels import plain_channel
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.intervals import intersect, union
from glitch_explorer.coupling.coincidence.triggers import (
    AuxiliaryTriggers,
    Cleaning,
    clean_triggers,
)

#: Columns of a trigger that are read.
_COLUMNS = ("ifo", "channel", "event_time", "peak_frequency_hz", "snr")
#: End of a file's name with start and duration (LIGO-T010150), and the channel in Omicron's names:
#: L1-ASC_X_TR_B_OMICRON-1241900000-64.xml.gz.
_SPAN = re.compile(r"-([0-9]{9,10})-([0-9]+)\.[A-Za-z0-9.]+$")
_NAME = re.compile(r"([A-Z][0-9])[-_:](.+)_OMICRON-[0-9]+-[0-9]+\.", re.IGNORECASE)
#: Folder of a channel in pyomicron's layout: L1/ASC_X_TR_B_OMICRON/12419/.
_FOLDER = re.compile(r"(.+)_OMICRON", re.IGNORECASE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TriggerSource:
    """Where auxiliary triggers are.

    Attributes
    ----------
    path
        A file, or a folder: pyomicron's layout or any other. `{ifo}` stands for the detector.
    channel
        Channel, with its detector, of triggers that name none, neither in a column nor in the names of file
        and folder. `{ifo}` stands for the detector where the path has it too.
    """

    path: str
    channel: str = ""


@dataclass
class _Channel:
    """Triggers of one channel from several files, and the time of the files."""

    name: str
    times: list[Float64] = field(default_factory=lambda: [np.empty(0)])
    snr: list[Float32] = field(default_factory=lambda: [np.empty(0, np.float32)])
    known: list[Float64] = field(default_factory=lambda: [np.empty((0, 2))])


@dataclass
class _Reader:
    """What has been read of one detector, and how much could not be used, by file."""

    ifo: str
    frequency_hz: tuple[float, float]
    channels: dict[str, _Channel] = field(default_factory=dict)
    files: int = 0
    #: Files whose names say that they are of another time, and of another detector.
    other_time: int = 0
    other_files: int = 0
    #: Rows with a text in place of a number, or without a time or SNR.
    bad: Counter[str] = field(default_factory=Counter)
    #: Files that are named after another channel than their folder.
    misplaced: list[str] = field(default_factory=list)
    #: Triggers of another channel than the file's name or folder.
    other_channel: Counter[str] = field(default_factory=Counter)
    #: Triggers of another detector, or of none.
    other_detector: Counter[str] = field(default_factory=Counter)

    def read_source(self, source: TriggerSource, live: Float64) -> None:
        """Read the files of a source; not those whose names say that they are outside `live` ``(k, 2)``."""
        channel = _channel_of(source, self.ifo)
        for path in _files(source.path.replace("{ifo}", self.ifo)):
            span = _span(path)
            self.files += 1
            if span is not None and not len(intersect(span, live)[0]):
                self.other_time += 1
            else:
                self.read(path, channel, span)

    def read(self, path: str, channel: str, span: Float64 | None) -> None:
        """Read a file.

        Parameters
        ----------
        path
            The file.
        channel
            Channel of triggers without one.
        span
            Time ``(1, 2)`` of the file; None where its name does not say.
        """
        folder, expected = _folder_channel(path), _name_channel(path)
        if expected and not expected.startswith(f"{self.ifo}:"):
            self.other_files += 1
            return
        if folder and expected and plain_channel(expected.split(":")[1]) != plain_channel(folder):
            self.misplaced.append(path)
            return
        expected = expected or (f"{self.ifo}:{folder}" if folder else "")
        table = open_table(path)
        plan = {key: names for key, names in plan_columns(table.columns).items() if key in _COLUMNS}
        low, high, names = np.inf, -np.inf, {expected or channel}
        if table.columns:
            require(plan, "event_time", table.columns, path)
            require(plan, "snr", table.columns, path)
            for raw in table.batches(source_columns(plan)):
                rows = self._rows(raw, plan, path, expected=expected, channel=channel)
                low, high = min(low, rows["time"].min()), max(high, rows["time"].max())
                names |= self._add(rows)
        self.bad[path] += len(table.bad)
        if span is None and low <= high:
            span = np.array([[low, np.nextafter(high, np.inf)]])
        if span is not None:
            for name in names:
                if name.startswith(f"{self.ifo}:"):
                    self._channel(name).known.append(span)

    def _rows(self, raw: pd.DataFrame, plan: Plan, path: str, *, expected: str, channel: str) -> pd.DataFrame:
        """Return the usable triggers of a batch: columns time, snr, frequency and channel."""
        problems = Problems(len(raw))
        rows = pd.DataFrame(
            {
                "time": read_numbers(raw, plan, "event_time", problems),
                "snr": read_numbers(raw, plan, "snr", problems),
                "frequency": read_numbers(raw, plan, "peak_frequency_hz", problems),
            },
            index=raw.index,
        )
        bad = problems.any | rows[["time", "snr"]].isna().any(axis=1).to_numpy()
        ifo = parse_text(raw[plan["ifo"][0]]) if "ifo" in plan else missing_text(raw.index)
        ifo = ifo.fillna(detectors_elsewhere(raw, plan, rows, path))
        name = trigger_channels(raw, plan, ifo, path).fillna(expected or channel)
        bad |= (name == "").to_numpy()
        if (name == "").all() and len(name):
            raise UserError(
                f"the channel of the triggers in {path} is not known: add a column 'channel', rename the "
                "file like L1-ASC_X_TR_B_OMICRON-1241900000-64.h5, or name the channel beside the path"
            )
        other = ~name.str.startswith(f"{self.ifo}:").to_numpy() | (ifo.notna() & (ifo != self.ifo)).to_numpy()
        other &= ~bad
        wrong = np.zeros(len(rows), dtype=bool)
        if expected:
            plain = {text: plain_channel(text) != plain_channel(expected) for text in name.unique()}
            wrong = name.map(plain).to_numpy(dtype=bool) & ~other & ~bad
        for counter, left_out in ((self.bad, bad), (self.other_detector, other), (self.other_channel, wrong)):
            counter[path] += int(np.count_nonzero(left_out))
        return rows.assign(channel=name)[~(bad | other | wrong)]

    def _add(self, rows: pd.DataFrame) -> set[str]:
        """Add triggers within the frequencies, and return the channels of all of the rows."""
        low, high = self.frequency_hz
        inside = (rows["frequency"] >= low) & (rows["frequency"] <= high)
        if low <= 0 and high == np.inf:
            inside |= rows["frequency"].isna()
        for name, part in rows[inside].groupby("channel", sort=False):
            channel = self._channel(str(name))
            channel.times.append(part["time"].to_numpy())
            channel.snr.append(part["snr"].to_numpy(dtype=np.float32))
        return set(rows["channel"].unique())

    def _channel(self, name: str) -> _Channel:
        return self.channels.setdefault(plain_channel(name), _Channel(name))

    def unusable(self) -> str:
        """Return the numbers of what was not used, as a sentence; empty where all was."""
        counted = (
            (self.bad, "rows have no time or SNR"),
            (self.other_channel, "triggers are of another channel than their file or folder is named after"),
            (self.other_detector, f"triggers are of another detector than {self.ifo}"),
        )
        texts = [
            f"{counter.total()} {text} ({counter.most_common(1)[0][0]})"
            for counter, text in counted
            if counter.total()
        ]
        if self.misplaced:
            texts.append(
                f"{len(self.misplaced)} files are of another channel than their folder ({self.misplaced[0]})"
            )
        for n, text in (
            (self.other_time, "time than the segments"),
            (self.other_files, f"detector than {self.ifo}"),
        ):
            if n:
                texts.append(f"{n} of {self.files} files are of another {text}")
        return "; ".join(texts)

    def is_elsewhere(self) -> bool:
        """Return whether there are triggers, and all are of other detectors."""
        none = not (self.channels or self.other_time or self.misplaced)
        none &= not (self.bad.total() or self.other_channel.total())
        return none and bool(self.other_files or self.other_detector.total())


def read_triggers(
    sources: Sequence[TriggerSource],
    ifo: str,
    segments: Float64,
    *,
    frequency_hz: tuple[float, float] = (0.0, np.inf),
    names: Sequence[str] = (),
) -> list[AuxiliaryTriggers]:
    """Read the auxiliary triggers of one detector, cleaned (`triggers.clean_triggers`).

    Parameters
    ----------
    sources
        Files and folders.
    ifo
        Detector; triggers of others are left out.
    segments
        ``(k, 2)`` analysis segments of the detector. Files whose names say that they are of another time are
        not opened.
    frequency_hz
        Lowest and highest peak frequency. A trigger without one counts where these are 0 and infinity.
    names
        Full names of channels, which replace the spelling of files (underscores).

    Returns
    -------
    list
        Channels in alphabetical order, also those without a trigger; none where all triggers are of other
        detectors. A channel is known in the time that its
        files' names say, else from the first to the last trigger of the file, of any channel.

    Raises
    ------
    UserError
        When a path does not exist, a file cannot be read or has no column of time or SNR, a channel is not
        known, or no trigger of the detector is left.
    """
    reader, live = _Reader(ifo, frequency_hz), union(segments)
    for source in sources:
        reader.read_source(source, live)
    spelling = {plain_channel(name): name for name in names}
    cleaned = []
    for key, part in reader.channels.items():
        times, snr = np.concatenate(part.times), np.concatenate(part.snr)
        known = union(np.concatenate(part.known))
        cleaned.append(
            clean_triggers(AuxiliaryTriggers(spelling.get(key, part.name), times, snr, known), live)
        )
    channels = sorted((triggers for triggers, _ in cleaned), key=lambda triggers: triggers.channel)
    if reader.is_elsewhere():
        _log.warning("no auxiliary trigger is of %s: %s", ifo, reader.unusable())
    else:
        _report(reader, channels, sum((numbers for _, numbers in cleaned), Cleaning()))
    return channels


def _channel_of(source: TriggerSource, ifo: str) -> str:
    """Return the channel of triggers that name none, with the detector."""
    name = source.channel
    if "{ifo}" in name and "{ifo}" not in source.path:
        raise UserError(
            f"the triggers in {source.path} would be those of {name} in every detector: name the channel "
            "with its detector, such as L1:ASC-X_TR_B, or write {ifo} into the path too"
        )
    if name and ":" not in name:
        raise UserError(
            f"{name}, the channel of the triggers in {source.path}, names no detector: write it like "
            f"{ifo}:{name}"
        )
    return name.replace("{ifo}", ifo)


def _report(reader: _Reader, channels: list[AuxiliaryTriggers], numbers: Cleaning) -> None:
    """Log what was read and what was left out; refuse sources of which nothing is left."""
    unusable = reader.unusable()
    left = sum(map(len, channels))
    if not left:
        raise UserError(
            f"no auxiliary trigger of {reader.ifo} is left of {numbers.read} in {reader.files} files: "
            f"{numbers.outside} are outside the analysis segments; {unusable or 'no other was read'}. "
            "Correct the paths, the detector or the segments"
        )
    if unusable:
        _log.warning("auxiliary triggers of %s that are left out: %s", reader.ifo, unusable)
    _log.info(
        "%d auxiliary triggers of %d channels of %s, of %d read: %d repeated, %d outside the segments; "
        "%d were not in order",
        left,
        len(channels),
        reader.ifo,
        numbers.read,
        numbers.repeated,
        numbers.outside,
        numbers.unsorted,
    )


def _files(path: str) -> Iterator[str]:
    """Yield the table files at a path."""
    if not Path(path).exists():
        raise UserError(f"auxiliary triggers {path} do not exist; correct the path")
    relative = [file.relative for file in find_files(path)]
    relative = [name for name in relative if not name or name.lower().endswith(TABLE_SUFFIXES)]
    if not relative:
        raise UserError(f"folder {path} has no trigger file: none ends in {', '.join(TABLE_SUFFIXES)}")
    yield from (join(path, name) for name in relative)


def _span(path: str) -> Float64 | None:
    """Return the time ``(1, 2)`` in the name of a file; None where there is none."""
    match = _SPAN.search(Path(path).name)
    if match is None:
        return None
    start = float(match[1])
    return np.array([[start, start + float(match[2])]])


def _folder_channel(path: str) -> str:
    """Return the channel, without detector, that pyomicron's folder is named after; empty elsewhere."""
    matches = [match for name in Path(path).parts[-3:-1] if (match := _FOLDER.fullmatch(name))]
    return matches[-1][1] if matches else ""


def _name_channel(path: str) -> str:
    """Return the channel that a file of Omicron is named after, empty elsewhere."""
    match = _NAME.match(Path(path).name)
    return f"{match[1]}:{match[2]}" if match else ""
