"""Segments: the science time of the detectors, from files and from services."""

import logging
import re
from collections.abc import Sequence
from functools import partial
from math import inf, isfinite, nan
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from gwosc.api import DEFAULT_URL
from gwosc.api import v2 as gwosc_api
from igwn_segments import segment, segmentlist

from glitch_explorer.core import tables
from glitch_explorer.core.detectors import DETECTORS
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.ligolw import refuse_entities
from glitch_explorer.sources import retry
from glitch_explorer.sources.retry import RetryPolicy
from glitch_explorer.sources.schemas import SEGMENTS

# gwpy is imported where it is used: it takes two seconds, and a table of segments is read without it.

#: What may be a detector in a file's name, e.g. H1-SEGMENTS.txt, l1_data.json.
_IFO_IN_NAME = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]\d)(?![A-Za-z0-9])")
#: The definer of a LIGO_LW file in which `ligolw_segment_query_dqsegdb` writes what it found; the flags
#: that it was asked for have only a summary there.
_QUERY_RESULT = "RESULT"
_FORMATS = {".xml": "ligolw", ".xml.gz": "ligolw", ".hdf5": "hdf5", ".h5": "hdf5", ".json": "json"}

_log = logging.getLogger(__name__)


def read_segments(
    *,
    files: Sequence[str | Path],
    flags: Sequence[str],
    detectors: Sequence[str],
    start: float | None = None,
    end: float | None = None,
    host: str = DEFAULT_URL,
    policy: RetryPolicy = retry.DEFAULT,
) -> pd.DataFrame:
    """Read the time to analyse: where all flags of a detector are active.

    Parameters
    ----------
    files
        Text of two columns or segwizard's four, LIGO_LW XML, HDF5, DQSegDB JSON,
        or CSV with columns ifo, start, end and, if there are several, flag. The
        detector is the flag's, the column's, the one in the file's name, or the only one.
        Of the answer to a segment query only `RESULT` is read.
    flags
        Flags of services, `{ifo}` filled in: GWOSC's without colons
        (`{ifo}_DATA`, `{ifo}_CBC_CAT1`), DQSegDB's with
        (`{ifo}:DMT-ANALYSIS_READY:1`, needs a login; not tested against the real service).
    detectors
        Segments of other detectors are left out.
    start, end
        GPS seconds that the segments are cut to; flags of services need both.
    host
        Server of GWOSC.
    policy
        Retries of requests to services.

    Returns
    -------
    DataFrame
        Table `segments`, merged and sorted by detector and start: the intersection of a detector's
        flags. It is empty only where neither a file nor a flag is named.

    Raises
    ------
    UserError
        When a file cannot be read, a flag does not exist, or files or flags are named and
        leave no time of any detector.
    SourceFault
        When a service fails after all retries.
    """
    read = [flag for file in files for flag in read_flag_file(Path(file), detectors)]
    for ifo in detectors:
        names = [name for flag in flags if (name := flag.replace("{ifo}", ifo)).startswith(ifo)]
        read += [_service_flag(ifo, name, start, end, host=host, policy=policy) for name in names]
    rows = _analysed(read, detectors, start, end)
    _log.info("%d segments; read were %s", len(rows), _listed(read))
    if (files or flags) and not rows:
        within = "" if start is None and end is None else f" between GPS {start} and {end}"
        raise UserError(
            f"the segments leave no time of {', '.join(detectors)}{within}: all flags of a detector must be "
            f"active; read were {_listed(read)}. Correct segments.files, segments.flags, detectors or "
            "source.gps"
        )
    return pd.DataFrame(rows, columns=SEGMENTS.names) if rows else tables.empty(SEGMENTS)


class Flag(NamedTuple):
    """Segments of one flag of one detector.

    Attributes
    ----------
    ifo, name, source
        Detector, flag, and the file or service that it comes from.
    active
        Where the flag is active.
    known
        Where it is defined; None where the source does not say.
    member
        Name of the flag's group in an HDF5 file, which may be that of a channel.
    """

    ifo: str
    name: str
    source: str
    active: segmentlist
    known: segmentlist | None = None
    member: str = ""

    def __str__(self) -> str:
        """Return what was read, for logs and messages."""
        return f"{self.name} of {self.ifo}, {float(abs(self.active)):g} s ({self.source})"


def _listed(flags: Sequence[Flag]) -> str:
    return "; ".join(map(str, flags)) or "none"


def _analysed(
    read: Sequence[Flag], detectors: Sequence[str], start: float | None, end: float | None
) -> list[list[object]]:
    """Return rows of table `segments` of all detectors."""
    rows = []
    for ifo in sorted(set(detectors)):
        segments = _intersected([flag for flag in read if flag.ifo == ifo], start, end)
        if read and not segments:
            _log.warning("%s has no segment: all of its glitches are outside the analysed time", ifo)
        rows += segments
    return rows


def _intersected(flags: Sequence[Flag], start: float | None, end: float | None) -> list[list[object]]:
    """Return rows of table `segments`: the time in which all flags of one detector are active."""
    if not flags:
        return []
    parts: dict[str, segmentlist] = {}
    for flag in flags:
        parts[flag.name] = (parts.get(flag.name, segmentlist()) + flag.active).coalesce()
    common = segmentlist([segment(-inf if start is None else start, inf if end is None else end)])
    for active in parts.values():
        common &= active
    name, source = " & ".join(sorted(parts)), "; ".join(sorted({flag.source for flag in flags}))
    return [[flags[0].ifo, float(a), float(b), name, source] for a, b in common.coalesce()]


def read_flag_file(path: Path, detectors: Sequence[str]) -> list[Flag]:
    """Read the flags of a file.

    Parameters
    ----------
    path
        In one of the formats of `read_segments`.
    detectors
        Detectors of the study, for files that do not name theirs.

    Returns
    -------
    list
        Flags with their segments merged and sorted.

    Raises
    ------
    UserError
        When the file cannot be read, or has a segment that is no interval.
    """
    if not path.is_file():
        raise UserError(f"segment file {path} does not exist; check segments.files")
    if path.suffix == ".csv":
        return _csv_flags(path, detectors)
    from gwpy.segments import DataQualityDict, DataQualityFlag, SegmentList

    ending = ".xml.gz" if path.name.endswith(".xml.gz") else path.suffix
    try:
        if ending not in _FORMATS:
            active = SegmentList.read(str(path), format="segwizard", gpstype=float)
            return [Flag(_ifo_of(path, detectors), path.stem, path.name, _checked(active, path))]
        if ending == ".json":
            flags = {"": DataQualityFlag.read(str(path), format="json")}
        else:
            if _FORMATS[ending] == "ligolw":
                refuse_entities(path)
            flags = DataQualityDict.read(str(path), format=_FORMATS[ending])
            flags = {key: flag for key, flag in flags.items() if flag.tag == _QUERY_RESULT} or flags
    except UserError:
        raise
    except Exception as problem:
        # gwpy's four readers have no common error.
        raise UserError(
            f"segment file {path} cannot be read: {problem}; it can be text of start and end, .csv with "
            "ifo, start and end, .json, .xml or .hdf5"
        ) from problem
    return [
        Flag(
            flag.ifo or _ifo_of(path, detectors),
            flag.name,
            path.name,
            _checked(flag.active, path),
            flag.known,
            key.rpartition("/")[2],
        )
        for key, flag in flags.items()
    ]


def _csv_flags(path: Path, detectors: Sequence[str]) -> list[Flag]:
    frame = tables.read_csv(path, texts=("ifo", "flag"), required=("ifo", "start", "end"))
    frame["ifo"] = frame["ifo"].str.strip().str.upper()
    unknown = frame.index[~frame["ifo"].isin([*DETECTORS, *detectors])]
    if len(unknown):
        name = frame.loc[unknown[0], "ifo"] or "empty"
        raise UserError(
            f"segment file {path}, row {unknown[0] + 1}: the column ifo is {name}, which is no detector"
        )
    if "flag" not in frame.columns:
        frame["flag"] = path.stem
    flags = []
    for (ifo, name), part in frame.groupby(["ifo", "flag"], sort=True):
        pairs = list(zip(part["start"], part["end"], strict=True))
        flags.append(Flag(str(ifo), str(name), path.name, _checked(pairs, path)))
    return flags


def _checked(pairs: Sequence[tuple[object, object]], path: Path) -> segmentlist:
    """Return the pairs as segments, or refuse one that is not an interval."""
    active = segmentlist()
    for number, (a, b) in enumerate(pairs):
        try:
            low, high = float(a), float(b)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            low, high = nan, nan
        if not (isfinite(low) and isfinite(high) and low < high):
            raise UserError(
                f"segment file {path}, segment {number}: [{a}, {b}) is not an interval of GPS seconds"
            )
        active.append(segment(low, high))
    return active.coalesce()


def _ifo_of(path: Path, detectors: Sequence[str]) -> str:
    """Return the detector in a file's name, or the only detector of the study.

    Names of runs (`O2`) are no detectors, and `v1` is a version beside a detector or without Virgo.
    """
    tokens: list[str] = _IFO_IN_NAME.findall(path.name.replace("_", "-"))
    known = {*DETECTORS, *detectors}
    names = {token.upper() for token in tokens if token[0] != "v"} & known
    names = names or {token.upper() for token in tokens} & set(detectors)
    if len(names) == 1:
        return names.pop()
    if not names and len(detectors) == 1:
        return detectors[0]
    raise UserError(f"segment file {path}: the detector is not known; rename it like H1-segments.txt")


def _service_flag(
    ifo: str, name: str, start: float | None, end: float | None, *, host: str, policy: RetryPolicy
) -> Flag:
    """Query DQSegDB (names with colons) or GWOSC for one flag."""
    if start is None or end is None:
        raise UserError(f"flag {name}: segments from DQSegDB or GWOSC need both ends of source.gps")
    from gwpy.segments import DataQualityFlag

    service = "DQSegDB" if ":" in name else "GWOSC"
    if service == "DQSegDB":
        # host=None: else gwpy uses the server that was set when it was imported.
        client = partial(DataQualityFlag.query, name, start, end, host=None, timeout=policy.timeout_s)
        deadline_s = policy.timeout_s
    else:
        client = partial(DataQualityFlag.fetch_open_data, name, start, end, host=host)
        # GWOSC's client retries by itself.
        deadline_s = gwosc_api.MAX_RETRIES * policy.timeout_s
    answer = policy.ask(client, what=f"{service}, flag {name}", deadline_s=deadline_s)
    return Flag(ifo, name, service, answer.active)
