"""Lists of auxiliary channels: names, sample rates, kinds, and whether a channel is safe.

A channel is unsafe when it responds to the strain itself: a glitch then appears in the channel wherever
the glitch comes from, so that the channel is no evidence of a coupling (Essick, Mo & Katsavounidis 2020).
See docs/explanation/methods.md#channel-safety.
"""

import fnmatch
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core.channels import STRAIN_NAMES, base_channel, stored_channel
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.tables import log_effect
from glitch_explorer.coupling.schemas import CHANNELS

#: Allowed values of column `kind`: what the samples of a channel represent. From a `displacement` channel
#: (in metres), fringe frequencies of scattered light are predicted as well.
KINDS = ("raw", "rms", "trend", "displacement")
SAFETIES = ("safe", "unsafe", "unknown")
#: Units of displacement channels, in metres.
METRES = {"m": 1.0, "um": 1e-6, "nm": 1e-9}
_COLUMNS = ("channel", "rate_hz", "subsystem", "unit", "kind", "oscillator", "safety", "source", "date")
#: Column headers of GWOSC's public lists, and the column names used here; an empty name drops the column.
_ALIASES = {"sample rate (hz)": "rate_hz", "how data was used in lvk analyses": ""}
_WILD = re.compile(r"[*?\[]")
_RATE = re.compile(r"([\d.]+)\s*(?:hz)?", re.IGNORECASE)
_UNTIL = re.compile(r"until\s+(?:gps)?\s*=?\s*([\d.]+)\s*,?\s*then", re.IGNORECASE)
#: 0.0167 Hz differs from 1/60 Hz by 2e-3.
_PERIOD_TOLERANCE = 3e-3
#: Values of the column `oscillator`.
_YES = {"": False, "no": False, "false": False, "yes": True, "true": True}
#: Entry of a safety table: pattern of channel names, safety, source and date.
_SafetyEntry = tuple[str, str, str, str]


def parse_rate(text: str) -> list[tuple[float, float]]:
    """Parse a sample rate: a number, or a sentence like `2048 until GPS = 1373157695 then 16384`.

    Returns
    -------
    list
        Pairs (GPS time until which the rate holds, rate in Hz), in the order of the text; the time of the
        last pair is infinity. A rate below 1 Hz with a period near whole seconds is exactly that:
        0.0167 is 1/60 Hz, a minute trend's.

    Raises
    ------
    UserError
        When the text is neither a number nor such a sentence, or a value is not positive.
    """
    steps: list[tuple[float, float]] = []
    rest = text.strip()
    while rate := _RATE.match(rest):
        rest = rest[rate.end() :].lstrip()
        if not rest:
            return [*steps, (np.inf, _exact_rate(_positive(rate[1], text)))]
        until = _UNTIL.match(rest)
        if until is None:
            break
        steps.append((_positive(until[1], text), _exact_rate(_positive(rate[1], text))))
        rest = rest[until.end() :].lstrip()
    raise UserError(
        f"sample rate {text!r} is not understood; write a number in Hz, or "
        "'2048 until GPS = 1373157695 then 16384'"
    )


def _positive(text: str, sentence: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value <= 0:
        raise UserError(f"sample rate {sentence!r}: {text!r} is not a positive number")
    return value


def _exact_rate(rate: float) -> float:
    """Return the rate of the nearest period in whole seconds, where that agrees to three digits."""
    period = max(1, round(1 / rate))
    return 1 / period if rate < 1 and math.isclose(rate * period, 1, rel_tol=_PERIOD_TOLERANCE) else rate


def rate_at(steps: Sequence[tuple[float, float]], gps: float) -> float:
    """Return the sample rate in Hz at GPS time `gps`, from the pairs of `parse_rate`."""
    return next((rate for until, rate in steps if gps < until), steps[-1][1])


def read_list(path: str | Path) -> pd.DataFrame:
    """Read a channel list or safety table: CSV, every column as text, empty where there is no value.

    Columns: channel (may contain wildcards as in a shell, and `{ifo}` or hveto's `%(IFO)s`), rate_hz,
    subsystem, unit, kind, oscillator (yes or no), safety, source, date. All but
    `channel` may be left out. GWOSC's own lists can be read too.

    Raises
    ------
    UserError
        When the file cannot be read, has other columns, or has a value that its column does not allow.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError, pd.errors.ParserError) as problem:
        raise UserError(f"channel list {path} cannot be read: {problem}") from problem
    if not isinstance(frame.index, pd.RangeIndex):
        raise UserError(
            f"channel list {path}: rows have more values than the header, such as {frame.index[0]!r}; "
            'write a name with a comma in quotes: "H1:PEM-EX_ACC.rms,m-trend"'
        )
    names = [_ALIASES.get(name.strip().lower(), name.strip().lower()) for name in frame.columns]
    frame = frame.set_axis(names, axis=1).drop(columns="", errors="ignore")
    unknown = [name for name in frame.columns if name not in _COLUMNS]
    if "channel" not in frame.columns or unknown:
        raise UserError(
            f"channel list {path}: allowed columns are {', '.join(_COLUMNS)} (channel is required); "
            f"unknown columns: {', '.join(unknown) or 'none'}"
        )
    frame = frame.reindex(columns=_COLUMNS, fill_value="").apply(lambda column: column.str.strip())
    frame["kind"] = frame["kind"].replace("", "raw")
    frame["safety"] = frame["safety"].replace("", "unknown")
    frame["channel"] = frame["channel"].str.replace("%(IFO)s", "{ifo}", regex=False)
    for name in frame["channel"][~frame["channel"].str.contains(":")]:
        raise UserError(
            f"channel list {path}: {name!r} names no detector; channels are named like H1:PEM-EX_ACC or "
            "{ifo}:PEM-EX_ACC"
        )
    for column, allowed in (("kind", KINDS), ("safety", SAFETIES), ("oscillator", tuple(_YES))):
        for number, value in frame[column].items():
            if value.lower() not in allowed:
                raise UserError(
                    f"channel list {path}, {frame['channel'][number]}: {column} is {value!r}; "
                    f"it can be {', '.join(filter(None, allowed))}"
                )
        frame[column] = frame[column].str.lower()
    moving = frame[frame["kind"] == "displacement"]
    for name, unit in zip(moving["channel"], moving["unit"], strict=True):
        if unit not in METRES:
            raise UserError(
                f"channel list {path}, {name}: unit is {unit!r}; "
                f"for a displacement it can be {', '.join(METRES)}"
            )
    for text in frame["rate_hz"][frame["rate_hz"] != ""].unique():
        parse_rate(text)
    table: pd.DataFrame = frame
    return table


def _open_patterns(lists: Iterable[pd.DataFrame], ifo: str) -> list[str]:
    """List a detector's entries that need frame files: names with wildcards, or without a sample rate."""
    table = pd.concat(lists)
    names = table["channel"].str.replace("{ifo}", ifo, regex=False)
    names = names.map(stored_channel)
    unresolved = names.str.contains(_WILD) | (table["rate_hz"] == "")
    return [name for name in names[unresolved].unique() if _is_of(name, ifo)]


def _is_of(pattern: str, ifo: str) -> bool:
    """Check whether a pattern can match a detector's channels."""
    return ":" in pattern and fnmatch.fnmatchcase(f"{ifo}:", pattern.split(":", 1)[0] + ":")


def channel_table(
    *,
    lists: Sequence[str | Path],
    ifo: str,
    gps: float,
    safety: Sequence[str | Path] = (),
    available: Callable[[list[str]], Mapping[str, float]] | None = None,
    strain: str = "",
) -> pd.DataFrame:
    """Build the table of one detector's channels.

    Parameters
    ----------
    lists
        Channel lists, see `read_list`. The first row that matches a channel counts:
        put names before the wildcards that match the rest.
    ifo
        Detector; replaces `{ifo}`. Channels of other detectors are left out.
    gps
        GPS time for which the sample rate is taken, where a list gives a rate that changes.
    safety
        Safety tables: the same columns, of which channel, safety, source and date are used.
    available
        Function that returns the channels in the frames that match patterns, with their rates in Hz.
        Called where a list has wildcards, or leaves rates out.
    strain
        The strain channel of the glitches; `{ifo}` is replaced.

    Returns
    -------
    DataFrame
        Table "channels", sorted by channel. A channel is unsafe where it is `strain`, has a name
        of `core.channels.STRAIN_NAMES`, or is unsafe in any list or table; safe where it is safe in
        any; else unknown. Names with a suffix of NDS2 (`.mean`, `,reduced`) have the safety of their
        channel; of several names of the same data the first counts.

    Raises
    ------
    UserError
        When a file cannot be read, a wildcard matches nothing, or a rate is missing.
    """
    entries_of = {path: read_list(path) for path in lists}
    patterns = _open_patterns(entries_of.values(), ifo)
    rates = available(patterns) if available is not None and patterns else {}
    rows = _rows(entries_of, rates, ifo, gps)
    if not rows:
        raise UserError(f"no channel of {ifo} in {', '.join(map(str, lists))}; names are like {ifo}:PEM-…")
    entries = _safety_entries(safety, rows, ifo, strain)
    records = [_with_safety(rows[name], entries.get(name)) for name in sorted(rows)]
    return pd.DataFrame(records, columns=CHANNELS.names)


def _rows(
    lists: Mapping[str | Path, pd.DataFrame], rates: Mapping[str, float], ifo: str, gps: float
) -> dict[str, dict[str, object]]:
    """Return the row of table "channels" of each name in the lists; of names of the same data the first."""
    rows: dict[str, dict[str, object]] = {}
    data: set[str] = set()
    for path, listed in lists.items():
        of_ifo = [_is_of(pattern.replace("{ifo}", ifo), ifo) for pattern in listed["channel"]]
        log_effect(f"channel list {path}", of_ifo, f"name channels of {ifo}")
        for entry in listed.to_dict("records"):
            pattern = entry["channel"].replace("{ifo}", ifo)
            if not _is_of(pattern, ifo):
                continue
            fields = {str(column): str(value) for column, value in entry.items()}
            for name in _names(pattern, rates, ifo, path):
                rate = rates.get(stored_channel(name))
                if _data_of(name) not in data:
                    data.add(_data_of(name))
                    rows[name] = _row(name, fields, ifo=ifo, gps=gps, rate=rate, path=path)
    return rows


def _names(pattern: str, rates: Mapping[str, float], ifo: str, path: str | Path) -> list[str]:
    """Return the channels of the detector that a pattern matches."""
    if not _WILD.search(pattern):
        return [pattern]
    stored = stored_channel(pattern)
    names = [name for name in rates if name.startswith(f"{ifo}:") and fnmatch.fnmatchcase(name, stored)]
    if not names:
        raise UserError(
            f"channel list {path}: {pattern} matches no channel in the inspected frame files of {ifo}; "
            "check the pattern and the frame type, or list the channels with their rates "
            "(NDS2 and arrakis accept no wildcards)"
        )
    return sorted(names)


def _data_of(name: str) -> str:
    """Return what names of the same data have in common: a trend is named with its type, other types not."""
    return name if name.endswith("-trend") else stored_channel(name)


def _row(
    name: str, entry: Mapping[str, str], *, ifo: str, gps: float, rate: float | None, path: str | Path
) -> dict[str, object]:
    text = entry["rate_hz"]
    if not text and rate is None:
        raise UserError(
            f"channel list {path}: {name} has no rate_hz and is not in the inspected frame files of {ifo}; "
            "add its rate_hz to the list"
        )
    steps = parse_rate(text) if text else []
    return {
        "channel": name,
        "rate_hz": rate_at(steps, gps) if steps else rate,
        "rate_note": text if len(steps) > 1 else "",
        "subsystem": entry["subsystem"] or base_channel(name).split(":", 1)[1].split("-", 1)[0],
        "unit": entry["unit"],
        "kind": entry["kind"],
        "oscillator": _YES[entry["oscillator"]],
        "safety": entry["safety"],
        "safety_source": entry["source"] if entry["safety"] != "unknown" else "",
        "safety_date": entry["date"] if entry["safety"] != "unknown" else "",
    }


def read_safety(path: str | Path) -> pd.DataFrame:
    """Read a safety table: a channel list whose column `safety` says something.

    Raises
    ------
    UserError
        As `read_list`, and when no row is safe or unsafe.
    """
    frame = read_list(path)
    if (frame["safety"] == "unknown").all():
        raise UserError(
            f"safety table {path} marks no channel: its column safety needs values safe or unsafe"
        )
    return frame


def _safety_entries(
    tables: Sequence[str | Path], rows: Mapping[str, Mapping[str, object]], ifo: str, strain: str
) -> dict[str, _SafetyEntry]:
    """Return the safety entry of each channel of `rows` that has one.

    Their order is: unsafe entries, strain channels, safe entries; within each, tables before lists. An
    entry holds for every name of the channel. The log says of each table how many of its rows
    match a channel.
    """
    by_base: dict[str, list[str]] = {}
    for name in rows:
        by_base.setdefault(base_channel(name), []).append(name)
    entries: dict[str, list[_SafetyEntry]] = {"unsafe": [], "safe": [], "unknown": []}
    for path in tables:
        frame = read_safety(path)
        patterns = frame["channel"].str.replace("{ifo}", ifo, regex=False)
        used = [bool(_matching(by_base, pattern)) for pattern in patterns]
        log_effect(f"safety table {path}", used, f"match channels of {ifo}")
        for pattern, row in zip(patterns, frame.to_dict("records"), strict=True):
            entries[row["safety"]].append((pattern, row["safety"], row["source"], row["date"]))
    for name, listed in rows.items():
        safety, source, date = (str(listed[key]) for key in ("safety", "safety_source", "safety_date"))
        entries[safety].append((name, safety, source, date))
    strains = [(pattern, "unsafe", "its name: it is strain", "") for pattern in STRAIN_NAMES]
    own = (strain.replace("{ifo}", ifo), "unsafe", "this run's strain channel", "")
    first: dict[str, _SafetyEntry] = {}
    for entry in [*entries["unsafe"], own, *strains, *entries["safe"]]:
        for name in _matching(by_base, entry[0]):
            first.setdefault(name, entry)
    return first


def _matching(by_base: Mapping[str, list[str]], pattern: str) -> list[str]:
    """Return the names that match a pattern, or whose channel does.

    Parameters
    ----------
    by_base
        Names by their channel, `core.channels.base_channel`.
    pattern
        Name, with or without wildcards.
    """
    if not _WILD.search(pattern):
        return by_base.get(base_channel(pattern), [])
    return [
        name
        for base, names in by_base.items()
        for name in (names if fnmatch.fnmatchcase(base, pattern) else fnmatch.filter(names, pattern))
    ]


def _with_safety(row: dict[str, object], entry: _SafetyEntry | None) -> dict[str, object]:
    """Return a channel's row with the safety of its entry.

    Unsafe overrides safe and unknown; safe overrides unknown.
    """
    if entry is None or row["safety"] in ("unsafe", entry[1]):
        return row
    return row | dict(zip(("safety", "safety_source", "safety_date"), entry[1:], strict=True))
