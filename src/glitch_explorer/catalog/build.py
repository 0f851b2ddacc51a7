"""Build the catalogue: read a source, quarantine bad rows, write shards."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from glitch_explorer.catalog.duplicates import map_once
from glitch_explorer.catalog.parse import are_whole_seconds, missing_text
from glitch_explorer.catalog.pictures import ViewLength
from glitch_explorer.catalog.quarantine import Reason, commonest
from glitch_explorer.catalog.rows import read_glitches
from glitch_explorer.catalog.rules import Rules
from glitch_explorer.catalog.runs import observing_run, uncovered_live_time
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.catalog.shards import shard_names
from glitch_explorer.catalog.trees import read_pictures
from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_PATH_UNKNOWN

#: A glitch within this of an event or injection, in s, is marked as astrophysical.
ASTROPHYSICAL_S = 1.0
#: Unix times minus GPS times since 2017, in s.
_UNIX_OFFSET_S = 315964782

_log = logging.getLogger(__name__)


def build_catalog(
    *,
    kind: str,
    paths: Sequence[str],
    metadata: Sequence[str] = (),
    view_length: ViewLength,
    out: str | Path,
    rules: Rules,
    unit: str = "glitch",
    shard_length_s: float,
    events: pd.DataFrame | None = None,
    max_quarantined_share: float,
) -> None:
    """Build the catalogue in the folder `out`.

    Writes shards/{shard}.parquet (unchanged shards keep their files, those that no longer exist are
    removed), their names in shards.txt, glitches.parquet, duplicates.parquet and parts/catalog.parquet.

    Parameters
    ----------
    kind
        `images`, `catalogue` or `triggers`.
    paths, metadata
        Files and folders of the source; tables joined to pictures by id.
    view_length
        Reads the view length of a picture whose name has none, as `views.pictures.read_view_length` does.
    out
        Folder to write to.
    rules
        The glitches to select.
    unit
        `glitch` or `view`; for `glitch` the log counts the pictures of unknown view length.
    shard_length_s
        Length of a shard in s.
    events
        Table "events".
    max_quarantined_share
        Largest share of bad rows among those of the study.

    Raises
    ------
    UserError
        When a source is missing or not of its kind, no glitch remains, or too many rows are bad.
    """
    out = Path(out)
    frame, quarantine, repeated = _read(kind, paths, metadata, rules=rules, view_length=view_length)
    tables.write(QUARANTINE, quarantine, out / "parts" / "catalog.parquet")
    _check_share(len(frame), quarantine, max_quarantined_share)
    rows, ids, duplicates = map_once(frame)
    frame = _complete(frame, rows, ids, shard_length_s=shard_length_s, events=events)
    _write(out, frame, _joined(repeated, duplicates))
    _warn(frame, rules, unit)


def _warn(frame: pd.DataFrame, rules: Rules, unit: str) -> None:
    """Log what is odd about a catalogue that is used all the same."""
    if frame["event_time"].min() > time.time() - _UNIX_OFFSET_S:
        _log.warning("all event times lie in the future: Unix times minus %d s are GPS times", _UNIX_OFFSET_S)
    if are_whole_seconds(frame["event_time"].to_numpy()):
        _log.warning(
            "all %d event times are whole seconds, as after a spreadsheet: a glitch may be half a second from"
            " the middle of its views; use the times with their decimals",
            len(frame),
        )
    if rules.segments is not None:
        for ifo, (outside, live) in uncovered_live_time(frame, rules.segments).items():
            _log.warning(
                "%s: %.1f of %.1f h of live time lie before the first or after the last glitch; if the source"
                " does not cover that time, rates and costs are too small: set source.gps",
                *(ifo, outside / 3600, live / 3600),
            )
    unknown = int(frame[VIEW_PATH_UNKNOWN].notna().sum())
    if unit == "glitch" and unknown:
        _log.warning("%d pictures of unknown view length are used with unit: view only", unknown)


def _read(
    kind: str, paths: Sequence[str], metadata: Sequence[str], *, rules: Rules, view_length: ViewLength
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read the source: glitches, quarantine, and duplicates of pictures or metadata rows."""
    if kind == "images":
        return read_pictures(paths, metadata, rules=rules, view_length=view_length)
    if kind not in ("catalogue", "triggers"):
        raise UserError(f"source.kind {kind!r} is unknown: use images, catalogue or triggers")
    frame, quarantine = read_glitches(paths, kind=kind, rules=rules)
    frame = frame.assign(**dict.fromkeys((VIEW_PATH_UNKNOWN, "view_digest"), missing_text(frame.index)))
    return frame, quarantine, tables.empty(DUPLICATES)


def _check_share(n_good: int, quarantine: pd.DataFrame, limit: float) -> None:
    """Refuse a source with too many bad rows, or without a glitch for the study."""
    n_bad = len(quarantine)
    reasons = commonest(quarantine)
    if (quarantine["reason"] == Reason.EVENT_TIME_NOT_GPS).any():
        reasons += "; event times must be GPS seconds with their decimals (gwpy.time.to_gps converts dates)"
    if n_good == 0:
        bad = f"{n_bad} rows are quarantined ({reasons}), the others" if n_bad else "all rows"
        raise UserError(
            f"no glitch is left: {bad} are of other detectors or out of bounds: "
            "correct source.paths, detectors or the bounds in the config"
        )
    if n_bad > limit * (n_good + n_bad):
        raise UserError(
            f"{n_bad} of {n_good + n_bad} rows of the source are bad, more than limits.quarantined_share "
            f"= {limit:g} allows: {reasons}; correct the source or raise the limit"
        )


def _complete(
    frame: pd.DataFrame,
    rows: np.ndarray,
    ids: pd.Series,
    *,
    shard_length_s: float,
    events: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return `rows` with their `ids`, run, shard and astrophysical, sorted by shard and id.

    Removes the columns from `frame` one by one, so that a large catalogue is never in memory twice.
    """
    keys = frame[["ifo", "event_time"]].iloc[rows].reset_index(drop=True).assign(glitch_id=ids)
    event_time = keys["event_time"].to_numpy()
    keys["run"] = observing_run(event_time)
    keys["shard"] = shard_names(keys, shard_length_s=shard_length_s)
    keys["astrophysical"] = "" if events is None else astrophysical(keys["ifo"], event_time, events)
    texts = pa.table({name: pa.array(keys[name], pa.large_string()) for name in ("shard", "glitch_id")})
    order = pc.sort_indices(texts, [("shard", "ascending"), ("glitch_id", "ascending")]).to_numpy()
    keys = pd.DataFrame(keys.iloc[order]).reset_index(drop=True)
    for name in GLITCHES.names:
        if name not in keys:
            keys[name] = frame.pop(name).iloc[rows[order]].array
    return keys


def astrophysical(ifo: pd.Series, event_time: np.ndarray, events: pd.DataFrame) -> pd.Series:
    """Return the kind of the event or injection within 1 s of each glitch `(n,)`, empty for none.

    An event without a detector is one of all detectors; the nearest event decides.
    """
    kinds = np.full(len(ifo), "", dtype=object)
    used = np.zeros(len(events), dtype=bool)
    nearest = np.full(len(ifo), ASTROPHYSICAL_S)
    for number, event in enumerate(events.itertuples()):
        distance = np.abs(event_time - event.event_time)
        same_ifo = (ifo == event.ifo).to_numpy() if event.ifo else True
        near = same_ifo & (distance <= nearest)
        kinds[near], nearest[near] = event.kind, distance[near]
        used[number] = near.any()
    if len(events):
        tables.log_effect("events", used, "are within 1 s of a glitch")
    return pd.Series(kinds, index=ifo.index, dtype="str")


def _joined(repeated: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """Join duplicates; a repeated picture follows its glitch to the one that stays for it."""
    survivors = dict(zip(duplicates["glitch_id"], duplicates["kept_id"], strict=True))
    followed = repeated.assign(kept_id=repeated["kept_id"].map(lambda i: survivors.get(i, i)))
    return pd.concat([followed, duplicates], ignore_index=True)


def _write(out: Path, frame: pd.DataFrame, duplicates: pd.DataFrame) -> None:
    """Write the catalogue, its shards with their names, and the duplicates."""
    n_shards = _write_shards(frame, out / "shards")
    files.write_text(out / "shards.txt", "".join(f"{name}\n" for name in frame["shard"].unique()))
    tables.write(GLITCHES, frame, out / "glitches.parquet")
    tables.write(DUPLICATES, duplicates, out / "duplicates.parquet")
    _log.info("%d glitches in %d shards, %d duplicates", len(frame), n_shards, len(duplicates))


def _write_shards(frame: pd.DataFrame, folder: Path) -> int:
    """Write a file for each shard of the sorted `frame`, remove all others, and return their number."""
    names = set()
    for shard, part in frame.groupby("shard", sort=False):
        names.add(f"{shard}.parquet")
        tables.write(GLITCHES, part, folder / f"{shard}.parquet", keep_same=True)
    for path in folder.glob("*.parquet"):
        if path.name not in names:
            path.unlink()
    return len(names)
