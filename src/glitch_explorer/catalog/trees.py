"""Glitches from pictures, joined with metadata tables."""

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from glitch_explorer.catalog.columns import plan_columns, refuse_unknown_label, require, source_columns
from glitch_explorer.catalog.duplicates import Duplicate
from glitch_explorer.catalog.names import UNKNOWN_IFO, UNKNOWN_VIEW, gps_of_id
from glitch_explorer.catalog.pictures import BadPicture, Picture, ViewLength, find_pictures
from glitch_explorer.catalog.quarantine import Reason, quarantine_rows
from glitch_explorer.catalog.rows import COLUMNS, as_read, standardise, table_files
from glitch_explorer.catalog.rules import KNOWN_IFOS, Problems, Rules, apply_rules
from glitch_explorer.catalog.schemas import DUPLICATES, QUARANTINE
from glitch_explorer.catalog.table_files import open_table
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_PATH_UNKNOWN, VIEW_PATHS

#: Columns of metadata tables that are joined to pictures.
_NUMBERS = ("event_time", "duration_s", "peak_frequency_hz", "bandwidth_hz", "snr", "ranking")
_LABEL = ("label", "label_confidence", "label_source")


def read_pictures(
    paths: Iterable[str], metadata: Iterable[str], *, rules: Rules, view_length: ViewLength
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read picture trees and containers, joined with metadata tables by id.

    A bad metadata row is quarantined; its pictures stay, with the label of their folder.

    Parameters
    ----------
    paths, metadata
        Files and folders of pictures, and of tables.
    rules
        What makes a row bad.
    view_length
        For pictures whose file name has no view length.

    Returns
    -------
    glitches
        Columns `rows.COLUMNS`, view_path_unknown, view_digest, source and row.
    quarantine
        Bad pictures and bad metadata rows.
    duplicates
        Pictures and metadata rows that repeat another one.

    Raises
    ------
    UserError
        When there is no picture, no metadata row of a picture, or a bound on a column that no metadata
        table has.
    """
    pictures, unreadable = find_pictures(paths, view_length)
    frame, duplicates = gather(pictures)
    joined, bad_rows, repeated = _read_metadata(metadata, rules)
    _check_metadata(joined, frame)
    frame = _join(frame, joined)
    for column in rules.cuts:
        if len(frame) and frame[column].isna().all():
            key = "gps" if column == "event_time" else column
            raise UserError(
                f"source.{key} sets bounds, but no metadata table has {column} of these pictures: "
                "add a table to source.metadata or set the bounds to [null, null]"
            )
    problems = Problems(len(frame))
    selected = apply_rules(frame, problems, rules)
    bad = selected & problems.any
    read = "ifo=" + frame["ifo"] + ", event_time=" + frame["event_time"].astype("str").fillna("nan")
    quarantine = [
        _unreadable(unreadable),
        bad_rows,
        problems.quarantined(frame, bad, read[bad]),
    ]
    repeated = repeated[repeated["glitch_id"].isin(frame["glitch_id"])]
    return (
        frame[selected & ~problems.any],
        pd.concat(quarantine, ignore_index=True),
        pd.concat([duplicates, repeated], ignore_index=True),
    )


def _unreadable(pictures: list[BadPicture]) -> pd.DataFrame:
    frame = pd.DataFrame(pictures, columns=list(BadPicture._fields))
    return quarantine_rows(frame.assign(row=-1, reason=Reason.FILE_UNREADABLE, read=frame["source"]))


def gather(pictures: list[Picture]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return glitches from pictures: the views of one detector and id are one glitch.

    Without a detector in its name an id is only a file name, valid within its
    folder. A picture of unknown view length is a glitch by itself. An id that is a
    GPS time is the time of the event.

    Returns
    -------
    glitches
        One row per glitch; `view_digest` covers its pictures in order of length.
    duplicates
        One row for each folder that repeats a view of a glitch.
    """
    table = pd.DataFrame(pictures, columns=list(Picture._fields))
    scope = table["folder"].where(table["ifo"] == UNKNOWN_IFO, "")
    scope = scope.mask(table["view"] == UNKNOWN_VIEW, table["path"])
    group = table.groupby([scope, table["ifo"], table["glitch_id"]], sort=False).ngroup()
    again = pd.DataFrame({"group": group, "view": table["view"]}).duplicated().to_numpy()
    repeats = table[again].drop_duplicates(["folder", "ifo", "glitch_id"])
    duplicates = duplicate_rows(repeats.assign(row=-1, source=repeats["path"]), Duplicate.SAME_ID_AND_VIEW)
    distinct = table[~again].assign(group=group[~again])
    frame = distinct.drop_duplicates("group").set_index("group")
    paths = {view: part.set_index("group")["path"] for view, part in distinct.groupby("view")}
    slots = dict(enumerate(VIEW_PATHS)) | {UNKNOWN_VIEW: VIEW_PATH_UNKNOWN}
    for view, column in slots.items():
        frame[column] = paths.get(view)
    ordered = distinct.sort_values(["group", "view"])
    texts = ordered["view"].astype("str") + ":" + ordered["digest"] + ";"
    frame["view_digest"] = texts.groupby(ordered["group"]).agg("".join).map(_hash)
    frame["label_source"] = pd.Series("folder", index=frame.index).where(frame["label"].notna())
    frame = frame.assign(
        source=frame["path"], row=-1, label_confidence=np.nan, **dict.fromkeys(_NUMBERS, np.nan)
    )
    frame["event_time"] = [gps_of_id(name) for name in frame["glitch_id"]]
    texts_columns = ["label", "label_source", "view_digest", *VIEW_PATHS, VIEW_PATH_UNKNOWN]
    frame = frame.astype(dict.fromkeys(texts_columns, "str")).reset_index(drop=True)
    columns = [*COLUMNS, VIEW_PATH_UNKNOWN, "view_digest", "source", "row"]
    return frame[columns], duplicates


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def duplicate_rows(rows: pd.DataFrame, reason: Duplicate) -> pd.DataFrame:
    """Return rows of table `duplicates` for rows that repeat an id."""
    frame = rows[["glitch_id", "row", "source"]].astype({"glitch_id": "str", "source": "str"})
    frame = frame.assign(kept_id=frame["glitch_id"], reason=str(reason), lost_label=None)
    return frame.astype({"lost_label": "str"})[list(DUPLICATES.names)]


def _read_metadata(paths: Iterable[str], rules: Rules) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read metadata tables: rows with unique ids, bad rows, and rows that repeat an id."""
    good, bad = [], []
    for path in table_files(paths):
        table = open_table(path)
        if not table.columns:
            continue
        plan = {
            target: names for target, names in plan_columns(table.columns).items() if target not in VIEW_PATHS
        }
        require(plan, "glitch_id", table.columns, path)
        refuse_unknown_label(plan, table.columns, path)
        for raw in table.batches(source_columns(plan)):
            frame, problems = standardise(raw, plan)
            problems.mark(frame["glitch_id"].isna(), Reason.ID_MISSING)
            known = [*KNOWN_IFOS, *rules.detectors]
            problems.mark(frame["ifo"].notna() & ~frame["ifo"].isin(known), Reason.DETECTOR_UNKNOWN)
            if "event_time" in plan:
                problems.mark(frame["event_time"].isna(), Reason.EVENT_TIME_MISSING)
            frame["row"], frame["source"] = raw.index, path
            good.append(frame[~problems.any])
            bad.append(problems.quarantined(frame, problems.any, as_read(raw[problems.any])))
    if not good:
        return pd.DataFrame(), tables.empty(QUARANTINE), tables.empty(DUPLICATES)
    rows = pd.concat(good, ignore_index=True)
    again = rows["glitch_id"].duplicated()
    return rows[~again], pd.concat(bad, ignore_index=True), duplicate_rows(rows[again], Duplicate.SAME_ID)


def _check_metadata(metadata: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Log how many rows of each file belong to a picture; raise UserError if no row of any file does."""
    if metadata.empty:
        return
    matched = metadata["glitch_id"].isin(frame["glitch_id"])
    for path, rows in matched.groupby(metadata["source"], sort=False):
        tables.log_effect(f"metadata {path}", rows, "are of pictures")
    if not matched.any() and len(frame):
        ids = [str(table["glitch_id"].iloc[0]) for table in (metadata, frame)]
        raise UserError(
            f"none of the {len(metadata)} ids of source.metadata is that of a picture: an id there is "
            f"{ids[0]!r}, of a picture {ids[1]!r}; correct the column of the ids, or source.metadata"
        )


def _join(frame: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """Join metadata to glitches by id; their label replaces the folder's, their time that of the id."""
    if metadata.empty:
        return frame
    metadata = metadata.set_index("glitch_id").reindex(frame["glitch_id"]).set_index(frame.index)
    time = metadata["event_time"].fillna(frame["event_time"])
    frame = frame.assign(**metadata[list(_NUMBERS)]).assign(event_time=time)
    unknown = (frame["ifo"] == UNKNOWN_IFO) & metadata["ifo"].notna()
    frame["ifo"] = frame["ifo"].mask(unknown, metadata["ifo"])
    for name in _LABEL:
        frame[name] = frame[name].mask(metadata["label"].notna(), metadata[name])
    return frame
