"""Glitches from the rows of table files; bad rows are quarantined."""

import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.catalog.classes import known_label
from glitch_explorer.catalog.columns import (
    NUMBERS,
    Plan,
    is_read_from,
    plan_columns,
    refuse_unknown_label,
    require,
    source_columns,
)
from glitch_explorer.catalog.names import UNKNOWN_IFO, gps_of_id, parse_name
from glitch_explorer.catalog.parse import mark_time_texts, missing_text, parse_numbers, parse_text
from glitch_explorer.catalog.quarantine import Reason, quarantine_rows
from glitch_explorer.catalog.rules import Problems, Rules, apply_rules
from glitch_explorer.catalog.state import find_files, join
from glitch_explorer.catalog.table_files import TABLE_SUFFIXES, BadRow, TableFile, open_table
from glitch_explorer.core.channels import is_strain, plain_channel
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_PATHS

#: Columns of a glitch that a table file may have.
COLUMNS = (
    "glitch_id", "ifo", "event_time", "duration_s", "peak_frequency_hz", "bandwidth_hz", "snr",
    "ranking", "label", "label_confidence", "label_source", *VIEW_PATHS,
)  # fmt: skip
_TEXTS = ("glitch_id", "ifo", "label", "label_source", *VIEW_PATHS)
#: Name of a file with the data of one detector (LIGO-T050017).
_FILE_IFO = re.compile(r"(?:[A-Z]+-)?([A-Z][0-9])[-_:]")
#: Name of a file of Omicron, with the channel in it: L1-GDS_CALIB_STRAIN_OMICRON-1250000000-60.h5.
_FILE_CHANNEL = re.compile(r"(?:[A-Z]+-)?([A-Z][0-9])[-_:](.+)_OMICRON-[0-9]+-[0-9]+\.", re.IGNORECASE)

_log = logging.getLogger(__name__)


def table_files(paths: Iterable[str]) -> Iterator[str]:
    """Yield the table files at `paths`; in folders, those with a known ending.

    Raises
    ------
    UserError
        When a path does not exist or a folder has no table.
    """
    for path in paths:
        names = [file.relative for file in find_files(path)]
        names = [name for name in names if not name or name.lower().endswith(TABLE_SUFFIXES)]
        if not names:
            raise UserError(f"folder {path!r} has no table: none of its files ends in {TABLE_SUFFIXES}")
        yield from (join(path, name) for name in names)


def read_glitches(paths: Iterable[str], *, kind: str, rules: Rules) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read catalogues or triggers.

    Parameters
    ----------
    paths
        Table files, or folders of them.
    kind
        `catalogue`: every row must have an id; `triggers`: ids are made from time and detector.
    rules
        Selection of the study.

    Returns
    -------
    glitches
        Columns `COLUMNS`, source and row, in the order read.
    quarantine
        Bad rows, columns of table `quarantine`.

    Raises
    ------
    UserError
        When a file cannot be read or lacks a required column, or the channel of strain is unclear.
    """
    glitches, quarantine = [], []
    n_rows: dict[str, int] = {}
    for path in table_files(paths):
        table = open_table(path)
        plan = plan_columns(table.columns)
        n_rows[path] = 0
        if table.columns:
            _require_all(plan, table.columns, path, kind=kind, rules=rules)
            for raw in table.batches(source_columns(plan)):
                good, bad = _read_batch(raw, plan, path, kind=kind, rules=rules)
                glitches.append(good)
                quarantine.append(bad)
                n_rows[path] += len(raw)
        quarantine.append(_unsplit(table, path))
        n_rows[path] += len(table.bad)
    _check_rows(n_rows)
    _log.info("%d of %d rows are of the study", sum(map(len, [*glitches, *quarantine])), sum(n_rows.values()))
    return select_strain(
        pd.concat(glitches, ignore_index=True), pd.concat(quarantine, ignore_index=True), rules.strain
    )


def _check_rows(n_rows: dict[str, int]) -> None:
    """Log how many files have no rows (nothing happened in their time); refuse a source of such files."""
    empty = [path for path, count in n_rows.items() if count == 0]
    if len(empty) == len(n_rows):
        raise UserError(f"no glitch in source.paths: {len(empty)} files are without rows, such as {empty[0]}")
    if empty:
        _log.info("%d of %d files have no rows, such as %s", len(empty), len(n_rows), empty[0])


def select_strain(
    glitches: pd.DataFrame, quarantine: pd.DataFrame, strain: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out triggers of auxiliary channels, where a detector has triggers of several channels.

    Parameters
    ----------
    glitches, quarantine
        Rows with a column `channel` (detector and name, missing where the source has none), which is
        removed.
    strain
        Strain channel, `{ifo}` for the detector (`core.channels.is_strain`).

    Raises
    ------
    UserError
        When a detector has triggers of several channels, none of them strain.
    """
    channels = [frame.pop("channel") for frame in (glitches, quarantine)]
    counts = pd.concat(channels).value_counts()
    auxiliary: list[str] = []
    for ifo, names in counts.groupby(counts.index.str.split(":").str[0]):
        others = [name for name in names.index if not is_strain(name, strain)]
        text = ", ".join(f"{counts[name]} of {name}" for name in others[:8])
        strains = {plain_channel(name) for name in names.index if name not in others}
        if len(strains) > 1:
            _log.warning(
                "several channels of %s are strain, so one event may appear in each: %s", ifo, sorted(strains)
            )
        if strains:
            auxiliary += others
            if others:
                _log.warning("triggers of auxiliary channels are left out: %s", text)
        elif len(others) == 1:
            _log.warning(
                "all triggers of %s are of one auxiliary channel and are used as glitches: %s", ifo, text
            )
        else:
            raise UserError(
                f"{ifo} has triggers of {len(others)} channels, none of them strain ({text}): select the "
                "files of one channel in source.paths, or set strain.channel to the channel of the glitches"
            )
    if not auxiliary:
        return glitches, quarantine
    selected = [~channel.isin(auxiliary) for channel in channels]
    return (
        glitches[selected[0]].reset_index(drop=True),
        quarantine[selected[1]].reset_index(drop=True),
    )


def _require_all(plan: Plan, columns: list[str], path: str, *, kind: str, rules: Rules) -> None:
    for target in rules.cuts:
        require(plan, target, columns, path)
    if kind == "triggers":
        require(plan, "event_time", columns, path)
        return
    require(plan, "glitch_id", columns, path)
    refuse_unknown_label(plan, columns, path)
    # Early tables of Gravity Spy have the detector in the pictures' names and the time in the id.
    if not is_read_from(plan, "view_path_0_5", "Filename1"):
        require(plan, "ifo", columns, path)
        require(plan, "event_time", columns, path)


def _read_batch(
    raw: pd.DataFrame, plan: Plan, path: str, *, kind: str, rules: Rules
) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame, problems = standardise(raw, plan)
    frame["ifo"] = frame["ifo"].fillna(detectors_elsewhere(raw, plan, frame, path))
    if kind == "triggers":
        frame["glitch_id"] = frame["glitch_id"].fillna(time_id(frame["ifo"], frame["event_time"]))
    elif "event_time" not in plan:
        frame["event_time"] = [gps_of_id(name) for name in frame["glitch_id"].fillna("")]
    problems.mark(np.isnan(frame["event_time"]), Reason.EVENT_TIME_MISSING)
    problems.mark(frame["glitch_id"].isna(), Reason.ID_MISSING)
    problems.mark(frame["ifo"].eq(UNKNOWN_IFO), Reason.DETECTOR_UNKNOWN)
    selected = apply_rules(frame, problems, rules)
    bad = selected & problems.any
    frame["source"], frame["row"] = pd.Series(path, index=frame.index, dtype="str"), raw.index
    channel = trigger_channels(raw, plan, frame["ifo"], path)
    quarantine = problems.quarantined(frame, bad, as_read(raw[bad]))
    return (
        frame.assign(channel=channel)[selected & ~bad],
        quarantine.assign(channel=channel[bad].to_numpy()),
    )


def trigger_channels(raw: pd.DataFrame, plan: Plan, ifo: pd.Series, path: str) -> pd.Series:
    """Return the channel of each trigger with its detector, by its column or the name of the file."""
    if "channel" in plan:
        name = parse_text(raw[plan["channel"][0]])
    else:
        match = _FILE_CHANNEL.match(Path(path).name)
        name = pd.Series(match[2] if match else None, index=raw.index, dtype="str")
    return name.where(name.str.contains(":", na=False), ifo + ":" + name)


def standardise(raw: pd.DataFrame, plan: Plan) -> tuple[pd.DataFrame, Problems]:
    """Return `COLUMNS` of raw columns by `plan`, and the rows with text in place of numbers."""
    problems = Problems(len(raw))
    data: dict[str, pd.Series | np.ndarray] = {}
    for target in NUMBERS:
        data[target] = read_numbers(raw, plan, target, problems)
    for target in _TEXTS:
        data[target] = parse_text(raw[plan[target][0]]) if target in plan else missing_text(raw.index)
    frame = pd.DataFrame(data, index=raw.index)
    if "classes" in plan:
        _fill_from_classes(frame, raw, plan)
    frame["label"] = frame["label"].map(
        {label: known_label(label) for label in frame["label"].dropna().unique()}
    )
    frame["label"] = frame["label"].astype("str")
    source = "metadata" if is_read_from(plan, "label", "label") else "machine"
    frame["label_source"] = frame["label_source"].fillna(source).where(frame["label"].notna())
    return frame[list(COLUMNS)], problems


def read_numbers(raw: pd.DataFrame, plan: Plan, target: str, problems: Problems) -> np.ndarray:
    """Parse a column, or combine two: seconds and nanoseconds, or end minus start."""
    if target not in plan:
        return np.full(len(raw), np.nan)
    parsed = []
    for name in plan[target]:
        if target == "event_time":
            for kind, rows in mark_time_texts(raw[name]).items():
                problems.mark(rows, Reason.EVENT_TIME_NOT_GPS, looks_like=kind)
        numbers, unparsable = parse_numbers(raw[name])
        problems.mark(unparsable, Reason.NOT_A_NUMBER, column=name)
        parsed.append(numbers)
    if len(parsed) == 1:
        return parsed[0]
    if target == "event_time":
        return np.asarray(parsed[0] + 1e-9 * parsed[1])
    return np.asarray(parsed[1] - parsed[0])


def _fill_from_classes(frame: pd.DataFrame, raw: pd.DataFrame, plan: Plan) -> None:
    """Set the label, if there is no column of it, to the likeliest class, and its confidence."""
    names = plan["classes"]
    confidences = np.column_stack([parse_numbers(raw[name])[0] for name in names])
    best = np.argmax(np.nan_to_num(confidences, nan=-1.0), axis=1)
    if "label" not in plan:
        label = pd.Series(np.asarray(names, dtype=object)[best], index=raw.index, dtype="str")
        frame["label"] = label.where(~np.isnan(confidences).all(axis=1))
    if "label_confidence" not in plan and not is_read_from(plan, "label", "label"):
        column = pd.Index(names).get_indexer(pd.Index(frame["label"]))
        confidence = confidences[np.arange(len(frame)), column]
        frame["label_confidence"] = np.where(column >= 0, confidence, np.nan)


def detectors_elsewhere(raw: pd.DataFrame, plan: Plan, frame: pd.DataFrame, path: str) -> pd.Series:
    """Return the detectors by channel, pictures' names or file name, for rows without one."""
    if "channel" in plan:
        prefix = parse_text(raw[plan["channel"][0]]).str.extract(r"^([A-Z][0-9]):")[0]
    else:
        prefix = missing_text(raw.index)
    if is_read_from(plan, "view_path_0_5", "Filename1"):
        names = [parse_name(name) if isinstance(name, str) else None for name in frame["view_path_0_5"]]
        ifos = pd.Series([name.ifo if name else None for name in names], index=raw.index, dtype="str")
        prefix = prefix.fillna(ifos)
    match = _FILE_IFO.match(Path(path).name)
    return prefix.fillna(match[1]) if match else prefix


def time_id(ifo: pd.Series, event_time: pd.Series) -> pd.Series:
    """Return ids `{ifo}-{GPS time in ns}`, the time rounded to a microsecond.

    A float64 resolves GPS times to 0.24 µs.
    """
    time = event_time.to_numpy()
    seconds = np.floor(np.nan_to_num(time))
    micro = np.rint((np.nan_to_num(time) - seconds) * 1e6).astype(np.int64)
    ns = pd.Series((seconds.astype(np.int64) * 10**6 + micro) * 1000, index=ifo.index)
    return (ifo + "-" + ns.astype("str")).where(~np.isnan(time))


def as_read(raw: pd.DataFrame) -> pd.Series:
    """Return each raw row as text, `column=value, column=value`."""
    read = pd.Series("", index=raw.index, dtype="str")
    for name in raw.columns:
        read = read + f", {name}=" + raw[name].astype("str").fillna("")
    return read.str.removeprefix(", ")


def _unsplit(table: TableFile, path: str) -> pd.DataFrame:
    """Return the rows that could not be split into columns as rows of table `quarantine`."""
    frame = pd.DataFrame(table.bad, columns=list(BadRow._fields))
    quarantine = quarantine_rows(frame.assign(glitch_id=None, source=path))
    return quarantine.assign(channel=missing_text(quarantine.index))
