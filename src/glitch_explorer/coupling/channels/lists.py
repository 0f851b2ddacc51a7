"""Lists of auxiliary channels: names, rates, kinds, and whether a channel is safe.

A channel is unsafe when it hears the strain itself, so that a glitch shows in it
whatever its origin (Essick, Mo & Katsavounidis 2020).
"""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core.errors import UserError
from glitch_explorer.coupling.schemas import CHANNELS

#: What a channel's samples are; `displacement` in metres also predicts fringes.
KINDS = ("raw", "rms", "trend", "displacement")
SAFETIES = ("safe", "unsafe", "unknown")
#: Names of strain itself: LIGO's and GWOSC's (GDS-CALIB_STRAIN_CLEAN, DCS-CALIB_STRAIN_C01,
#: GWOSC-16KHZ_R1_STRAIN), and Virgo's (Hrec_hoft_16384Hz, h_16384Hz).
STRAIN_NAMES = ("*[-_]STRAIN", "*[-_]STRAIN_*", "*:Hrec_*", "*:h_[0-9]*Hz")
_COLUMNS = ("channel", "rate_hz", "subsystem", "unit", "kind", "oscillator", "safety", "source", "date")
#: Headers of GWOSC's public lists, and the columns that they are here.
_ALIASES = {"sample rate (hz)": "rate_hz", "how data was used in lvk analyses": ""}
_WILD = re.compile(r"[*?\[]")
_RATE = re.compile(r"([\d.]+)\s*(?:hz)?", re.IGNORECASE)
_UNTIL = re.compile(r"until\s+(?:gps)?\s*=?\s*([\d.]+)\s*,?\s*then", re.IGNORECASE)
#: Words for yes and no in the column `oscillator`.
_YES = {"": False, "no": False, "false": False, "yes": True, "true": True}
#: What a safety table says: pattern of names, word, source and date.
_Said = tuple[str, str, str, str]


def parse_rate(text: str) -> list[tuple[float, float]]:
    """Understand a sample rate: a number, or a sentence like `2048 until GPS = 1373157695 then 16384`.

    Returns
    -------
    list
        (GPS time until which it holds, rate in Hz), the last one until infinity.

    Raises
    ------
    UserError
        When the text is neither.
    """
    steps, at, words = [], 0, text.strip()
    while True:
        rate = _RATE.match(words, at)
        if rate is None:
            break
        rest = words[rate.end() :].lstrip()
        if not rest:
            steps.append((np.inf, _positive(rate[1], text)))
            return steps
        until = _UNTIL.match(rest)
        if until is None:
            break
        steps.append((_positive(until[1], text), _positive(rate[1], text)))
        words, at = rest[until.end() :].lstrip(), 0
    raise UserError(
        f"sample rate {text!r} is not understood; write a number of Hz, or "
        "'2048 until GPS = 1373157695 then 16384'"
    )


def _positive(text: str, sentence: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value <= 0:
        raise UserError(f"sample rate {sentence!r}: {text!r} is no positive number")
    return value


def rate_at(text: str, gps: float) -> float:
    """Give the sample rate in Hz that `text` says for GPS time `gps`."""
    return next(rate for until, rate in parse_rate(text) if gps < until)


def read_list(path: str | Path) -> pd.DataFrame:
    """Read a channel list or safety table: CSV, every column as text, empty where it says nothing.

    Columns: channel (may hold wildcards as of a shell, and `{ifo}`), rate_hz,
    subsystem, unit, kind, oscillator (yes or no), safety, source, date. All but
    `channel` may be left out. GWOSC's own lists are read too.

    Raises
    ------
    UserError
        When the file is not there, has other columns, or a field is no word of its column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError, pd.errors.ParserError) as problem:
        raise UserError(f"channel list {path} cannot be read: {problem}") from problem
    names = [_ALIASES.get(name.strip().lower(), name.strip().lower()) for name in frame.columns]
    frame = frame.set_axis(names, axis=1).drop(columns="", errors="ignore")
    unknown = [name for name in frame.columns if name not in _COLUMNS]
    if "channel" not in frame.columns or unknown:
        raise UserError(
            f"channel list {path}: columns must be of {', '.join(_COLUMNS)}, with channel; "
            f"not understood: {', '.join(unknown) or 'none'}"
        )
    frame = frame.reindex(columns=_COLUMNS, fill_value="").apply(lambda column: column.str.strip())
    frame["kind"] = frame["kind"].replace("", "raw")
    frame["safety"] = frame["safety"].replace("", "unknown")
    for column, words in (("kind", KINDS), ("safety", SAFETIES), ("oscillator", tuple(_YES))):
        for number, word in frame[column].items():
            if word.lower() not in words:
                raise UserError(
                    f"channel list {path}, {frame['channel'][number]}: {column} is {word!r}; "
                    f"it can be {', '.join(filter(None, words))}"
                )
        frame[column] = frame[column].str.lower()
    for text in frame["rate_hz"][frame["rate_hz"] != ""].unique():
        parse_rate(text)
    read: pd.DataFrame = frame
    return read


def open_patterns(lists: Sequence[str | Path], ifo: str) -> list[str]:
    """List what only frames can answer: names with wildcards, and names without a rate, of a detector."""
    read = pd.concat([read_list(path) for path in lists])
    names = read["channel"].str.replace("{ifo}", ifo, regex=False)
    asked = names.str.contains(_WILD) | (read["rate_hz"] == "")
    return [name for name in names[asked].unique() if _of(name, ifo)]


def _of(pattern: str, ifo: str) -> bool:
    """Tell whether a pattern can be of a detector's channels."""
    return ":" in pattern and fnmatchcase(f"{ifo}:", pattern.split(":", 1)[0] + ":")


def channel_table(
    *,
    lists: Sequence[str | Path],
    ifo: str,
    gps: float,
    safety: Sequence[str | Path] = (),
    available: Mapping[str, float] | None = None,
    strain: str = "",
) -> pd.DataFrame:
    """Make the table of one detector's channels.

    Parameters
    ----------
    lists
        Channel lists, see `read_list`. The first row that names a channel counts:
        put names before the wildcards that take the rest.
    ifo
        Detector; fills `{ifo}`. Channels of others are left out.
    gps
        Time for which a rate that changes is wanted.
    safety
        Safety tables: the same columns, of which channel, safety, source and date count.
    available
        Channels that the frames hold, with their rates in Hz: wildcards are
        expanded among them, and rates that a list leaves out are taken from them.
    strain
        The strain channel that the glitches were found in; `{ifo}` is filled.

    Returns
    -------
    DataFrame
        Table `channels`, sorted by channel. A channel is unsafe where it is `strain` or is
        named like strain (`STRAIN_NAMES`), or any list or table says so, safe where one
        does, else unknown; nothing is guessed.

    Raises
    ------
    UserError
        When a file cannot be understood, a wildcard matches nothing, or a rate is nowhere.
    """
    held = dict(available or {})
    said = _said(safety, ifo)
    rows: dict[str, dict[str, object]] = {}
    for path in lists:
        for entry in read_list(path).to_dict("records"):
            pattern = entry["channel"].replace("{ifo}", ifo)
            if not _of(pattern, ifo):
                continue
            words = {str(column): str(word) for column, word in entry.items()}
            for name in _names(pattern, held, ifo, path):
                if name not in rows:
                    rows[name] = _row(name, words, ifo=ifo, gps=gps, rate=held.get(name), path=path)
    if not rows:
        raise UserError(f"no channel of {ifo} in {', '.join(map(str, lists))}; names are like {ifo}:PEM-…")
    own = strain.replace("{ifo}", ifo)
    made = [_strain_is_unsafe(_with_safety(rows[name], said), own) for name in sorted(rows)]
    return pd.DataFrame(made, columns=CHANNELS.names)


def _names(pattern: str, held: Mapping[str, float], ifo: str, path: str | Path) -> list[str]:
    """Give the channels of the detector that a pattern stands for."""
    if not _WILD.search(pattern):
        return [pattern]
    found = [name for name in held if name.startswith(f"{ifo}:") and fnmatchcase(name, pattern)]
    if not found:
        raise UserError(
            f"channel list {path}: {pattern} matches none of the channels in the frames of {ifo} looked at; "
            "check it and the frame type, or name the channels with their rates "
            "(NDS2 and arrakis know no wildcards)"
        )
    return sorted(found)


def _row(
    name: str, entry: Mapping[str, str], *, ifo: str, gps: float, rate: float | None, path: str | Path
) -> dict[str, object]:
    text = entry["rate_hz"]
    if not text and rate is None:
        raise UserError(
            f"channel list {path}: {name} has no rate_hz, and the frames of {ifo} looked at do not hold it"
        )
    sentence = bool(text) and len(parse_rate(text)) > 1
    return {
        "channel": name,
        "rate_hz": rate_at(text, gps) if text else rate,
        "rate_note": text if sentence else "",
        "subsystem": entry["subsystem"] or name.split(":", 1)[1].split("-", 1)[0],
        "unit": entry["unit"],
        "kind": entry["kind"],
        "oscillator": _YES[entry["oscillator"]],
        "safety": entry["safety"],
        "safety_source": entry["source"] if entry["safety"] != "unknown" else "",
        "safety_date": entry["date"] if entry["safety"] != "unknown" else "",
    }


def _strain_is_unsafe(row: dict[str, object], strain: str) -> dict[str, object]:
    """Mark strain, of this run or of any name, unsafe whatever else is said."""
    name = str(row["channel"])
    named = any(fnmatchcase(name, pattern) for pattern in STRAIN_NAMES)
    if row["safety"] == "unsafe" or not (named or name == strain):
        return row
    source = "this run's strain channel" if name == strain else "its name: it is strain"
    return {**row, "safety": "unsafe", "safety_source": source, "safety_date": ""}


def _said(safety: Sequence[str | Path], ifo: str) -> list[_Said]:
    """List what safety tables say, unsafe before safe."""
    rows = [row for path in safety for row in read_list(path).to_dict("records")]
    return [
        (row["channel"].replace("{ifo}", ifo), word, row["source"], row["date"])
        for word in ("unsafe", "safe")
        for row in rows
        if row["safety"] == word
    ]


def _with_safety(row: dict[str, object], said: Sequence[_Said]) -> dict[str, object]:
    """Take the most cautious word that the list and the safety tables say."""
    if row["safety"] == "unsafe":
        return row
    name = str(row["channel"])
    for pattern, word, source, date in said:
        if fnmatchcase(name, pattern):
            if word == row["safety"]:
                return row
            return {**row, "safety": word, "safety_source": source, "safety_date": date}
    return row
