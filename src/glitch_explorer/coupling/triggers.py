"""Auxiliary triggers, segments and trends of a detector against all families."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.intervals import contains, intersect, union
from glitch_explorer.coupling.auxiliary.sources import AuxiliarySource
from glitch_explorer.coupling.coincidence.details import DETAILS, details
from glitch_explorer.coupling.coincidence.overlap import flagged_groups
from glitch_explorer.coupling.coincidence.rounds import hveto_rounds
from glitch_explorer.coupling.coincidence.scan import Auxiliary, Cell, Scan, kind_of
from glitch_explorer.coupling.coincidence.search import CoincidenceResult, find_coincidences
from glitch_explorer.coupling.coincidence.triggers import CLUSTER_S, AuxiliaryTriggers, cluster_triggers
from glitch_explorer.coupling.family import analysed_segments, timed_glitches
from glitch_explorer.coupling.schemas import (
    ALPHA,
    COINCIDENCE_SHARES,
    DETECTOR_COINCIDENCES,
    HVETO_ROUNDS,
)
from glitch_explorer.coupling.witnesses.notes import Note
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.map.schemas import MEMBERS

#: Columns of table "coincidences" that are the fields of a `scan.Cell`, in their order.
_CELL = ("lag", "window", "snr_threshold", "measure", "top_share")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class CoincidenceSettings:
    """Settings of the test of families against triggers, segments and trends. See config/README.md."""

    scan: Scan
    time_slides: int
    max_time_slides: int
    seed: int
    threads: int


@dataclass(frozen=True)
class DetectorCoincidences:
    """Results of all families in one detector.

    Attributes
    ----------
    table, rounds, shares
        Tables "detector_coincidences", "hveto_rounds" and "coincidence_shares".
    notes
        `channels`, the number of channels by kind, and `families`: for each family with glitches in the
        detector, a list of codes with facts.
    """

    table: pd.DataFrame
    rounds: pd.DataFrame
    shares: pd.DataFrame
    notes: dict[str, object]


def couple_triggers(
    members: Sequence[str | Path],
    segments: pd.DataFrame,
    *,
    ifo: str,
    source: AuxiliarySource,
    settings: CoincidenceSettings,
) -> DetectorCoincidences:
    """Compare the triggers, segments and trends of a detector's channels with every family.

    Parameters
    ----------
    members
        Tables "members" of all families; a file has the name of its family.
    segments
        Table "segments".
    ifo
        Detector.
    source
        Auxiliary triggers, segments and trends.
    settings
        How the families are tested.

    Raises
    ------
    UserError
        When a file cannot be used, or there are channels and glitches of the detector, but no glitch is in
        the time of any channel.
    """
    families = {Path(path).stem: _glitches(path, ifo) for path in members}
    families = {name: glitches for name, glitches in families.items() if len(glitches)}
    times = np.unique(np.concatenate([np.empty(0), *(rows["event_time"] for rows in families.values())]))
    live = union(analysed_segments(segments, ifo, times))
    auxiliary: list[Auxiliary] = []
    safety: list[str] = []
    if len(times) and len(live):
        auxiliary, safety = source.read(ifo, live)
        _check_times(times, auxiliary, ifo)
    clustered = _clustered(auxiliary)
    parts, rounds = {}, {}
    for name, rows in families.items():
        _LOG.info("%s, %d glitches in %s", name, len(rows), ifo)
        rounds[name] = _rounds(rows["event_time"].to_numpy(), live, auxiliary, safety, settings.scan)
        parts[name] = _in_family(rows, live, clustered, safety, settings)
    table = _joined(DETECTOR_COINCIDENCES, ifo, {name: part.table for name, part in parts.items()})
    return DetectorCoincidences(
        table=_with_groups(table, auxiliary, live, times),
        rounds=_joined(HVETO_ROUNDS, ifo, rounds),
        shares=_joined(COINCIDENCE_SHARES, ifo, {name: part.shares for name, part in parts.items()}),
        notes={
            "channels": dict(Counter(map(kind_of, auxiliary))),
            "families": {name: part.notes for name, part in parts.items()},
        },
    )


def _glitches(path: str | Path, ifo: str) -> pd.DataFrame:
    """Read a family's glitches in a detector, by event_time, each once, with values of the loudest."""
    rows = tables.read(MEMBERS, path)
    rows = timed_glitches(rows[rows["ifo"] == ifo]).sort_values(["event_time", "snr"], na_position="first")
    rows = rows.drop_duplicates("event_time", keep="last").reset_index(drop=True)
    return rows[["event_time", "snr", "duration_s"]].astype(float)


def _clustered(auxiliary: Sequence[Auxiliary]) -> list[Auxiliary]:
    """Cluster the triggers of the channels."""
    clustered = [
        cluster_triggers(channel) if isinstance(channel, AuxiliaryTriggers) else channel
        for channel in auxiliary
    ]
    before, after = (
        sum(len(channel) for channel in channels if isinstance(channel, AuxiliaryTriggers))
        for channels in (auxiliary, clustered)
    )
    if before:
        _LOG.info(
            "%d of %d auxiliary triggers are within %g s of a louder one", before - after, before, CLUSTER_S
        )
    return clustered


def _check_times(times: Float64, auxiliary: Sequence[Auxiliary], ifo: str) -> None:
    """Log how many glitches are in the time of any channel; refuse channels of other times only."""
    if not auxiliary:
        return
    known = union(np.concatenate([channel.known for channel in auxiliary]))
    inside = contains(known, times)
    effect = "are in the time of the auxiliary triggers, flags and trends"
    tables.log_effect(f"glitches of {ifo}", inside, effect, unit="glitches")
    if not inside.any():
        raise UserError(
            f"none of the {len(times)} glitches of {ifo} (GPS {times[0]:.0f} to {times[-1]:.0f}) is in the "
            "time of the auxiliary triggers, flags and trends (GPS "
            f"{known.min(initial=np.inf):.0f} to {known.max(initial=-np.inf):.0f}): correct "
            "coupling.triggers, coupling.flags, coupling.trends or the catalogue"
        )


@dataclass(frozen=True)
class _FamilyPart:
    """Results of one family, without the columns family, ifo and group."""

    table: pd.DataFrame
    shares: pd.DataFrame
    notes: list[Note]


def _in_family(
    glitches: pd.DataFrame,
    live: Float64,
    auxiliary: Sequence[Auxiliary],
    safety: Sequence[str],
    settings: CoincidenceSettings,
) -> _FamilyPart:
    """Compare m channels of known safety with the glitches of one family, as `_glitches` returns them."""
    times = glitches["event_time"].to_numpy()
    result = find_coincidences(
        times,
        live,
        auxiliary,
        safety,
        scan=settings.scan,
        slides=settings.time_slides,
        most_slides=settings.max_time_slides,
        seed=settings.seed,
        threads=settings.threads,
    )
    inside = glitches[contains(live, times)]
    table, shares = _with_details(result.table, inside, live, auxiliary)
    return _FamilyPart(table, shares, _notes(result, total=len(times)))


def _with_details(
    table: pd.DataFrame, glitches: pd.DataFrame, live: Float64, auxiliary: Sequence[Auxiliary]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add the columns `DETAILS` to a family's table, and return the shares of its significant channels."""
    by_name = {(channel.channel, kind_of(channel)): channel for channel in auxiliary}
    significant = table[table["p_fwer"] <= ALPHA]
    rows, shares = [], []
    for number in range(len(significant)):
        name, kind = (str(significant[column].iloc[number]) for column in ("channel", "kind"))
        cell = Cell(*(significant[column].iloc[number] for column in _CELL))
        columns, part = details(glitches, by_name[name, kind], cell, live)
        rows.append(columns)
        shares.append(part.assign(channel=name, kind=kind))
    added = pd.DataFrame(rows, index=significant.index, columns=list(DETAILS)).reindex(table.index)
    added["relation"] = added["relation"].fillna("")
    return table.join(added.astype(DETAILS)), pd.concat(shares) if shares else pd.DataFrame()


def _rounds(
    times: Float64, live: Float64, auxiliary: Sequence[Auxiliary], safety: Sequence[str], scan: Scan
) -> pd.DataFrame:
    """Return hveto's rounds in the time of the triggers, which are not clustered, as in hveto."""
    channels = [
        channel
        for channel, value in zip(auxiliary, safety, strict=True)
        if value != "unsafe" and isinstance(channel, AuxiliaryTriggers)
    ]
    known = union(np.concatenate([np.empty((0, 2)), *(channel.known for channel in channels)]))
    searched, _, _ = intersect(live, known)
    rounds = hveto_rounds(times[contains(searched, times)], searched, channels, scan=scan)
    rows = pd.DataFrame([asdict(one) for one in rounds])
    return rows.rename(columns={"window_s": "window"}).assign(round=np.arange(1, len(rows) + 1))


def _notes(result: CoincidenceResult, *, total: int) -> list[Note]:
    """Return what was tested of a family of `total` glitches, and what was not."""
    if result.note is not None:
        return [result.note]
    table = result.table
    tested: Note = {
        "code": "tested",
        "channels": len(table),
        "significant": int((table["p_fwer"] <= ALPHA).sum()),
        "glitches": total - result.outside,
        "range_s": float(table["slide_range_s"].iloc[0]),
    }
    listed = [tested]
    if result.outside:
        listed.append({"code": "outside", "n": result.outside, "total": total})
    if result.untested:
        listed.append({"code": "unknown_times", "n": len(result.untested), "least": LEAST_GLITCHES})
    return listed


def _joined(schema: pa.Schema, ifo: str, parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the rows of all families, with the columns family, ifo and, if the table has it, group."""
    rows = [part.assign(family=name, ifo=ifo) for name, part in parts.items() if len(part)]
    if "group" in schema.names:
        rows = [part.assign(group=part["channel"]) for part in rows]
    joined: pd.DataFrame = tables.joined(schema, rows)[schema.names]
    return joined


def _with_groups(
    table: pd.DataFrame, auxiliary: Sequence[Auxiliary], live: Float64, times: Float64
) -> pd.DataFrame:
    """Group the channels that are significant for any family by the time that they flag."""
    names = set(table["channel"][table["p_fwer"] <= ALPHA])
    significant = [channel for channel in auxiliary if channel.channel in names]
    groups = flagged_groups(significant, live, times)
    group_of = {
        (channel.channel, kind_of(channel)): group for channel, group in zip(significant, groups, strict=True)
    }
    rows = zip(table["channel"], table["kind"], strict=True)
    return table.assign(group=[group_of.get((name, kind), name) for name, kind in rows])
