"""What is known of each glitch on the map and in the catalogue: parts of its record, by place in the order.

A part is a table with a column `number`, the place of the glitch, by which it is sorted.
"""

from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.audit.schemas import RELABEL, SUSPECTS
from glitch_explorer.core import tables
from glitch_explorer.core.intervals import contains, segments_of
from glitch_explorer.core.views import VIEW_PRESENT, VIEW_PRESENT_UNKNOWN
from glitch_explorer.coupling.schemas import FRINGES
from glitch_explorer.similar.schemas import NEIGHBOURS
from glitch_explorer.site.audit.suspects import contradicted
from glitch_explorer.site.glitch.files import GlitchFiles, read_or_empty
from glitch_explorer.site.pages import records
from glitch_explorer.sources.schemas import EVENTS, SEGMENTS

#: Neighbours that are listed, and displacement channels with the smallest mismatch.
NEAREST, FRINGES_LISTED = 8, 3
#: Events and injections within this time of a glitch are listed.
EVENTS_S = 60.0
_CATALOGUE = [
    "duration_s",
    "peak_frequency_hz",
    "bandwidth_hz",
    "label_confidence",
    "label_source",
    "run",
    "astrophysical",
]


def part_of(table: pd.DataFrame, number: pd.Series, columns: list[str]) -> pd.DataFrame:
    """Return `columns` of the rows of glitches that are on the page, with their `number`, in its order."""
    place = table["glitch_id"].map(number)
    shown = place.notna()
    part = table.loc[shown, columns].assign(number=place[shown].astype(np.int64))
    return part.sort_values("number", kind="stable")


def map_parts(
    paths: GlitchFiles,
    rows: pd.DataFrame,
    number: pd.Series,
    *,
    families: pd.DataFrame,
    status: pd.DataFrame,
    quarantine: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Return what catalogue, map and audit know.

    Parameters
    ----------
    paths
        The tables.
    rows, number
        As `order.in_order` and `order.numbers_of` return them.
    families, status, quarantine
        Tables "families", "views" and "quarantine", which were read for the order of the glitches.
    """
    proposed = ["view", "family", "label", "proposed_label"]
    suspects = contradicted(read_or_empty(SUSPECTS, paths.suspects))
    return {
        "catalogue": part_of(rows, number, _CATALOGUE),
        "map": part_of(families, number, ["view", "family", "probability", "outlier_score", "isolation"]),
        "near": neighbour_part(read_or_empty(NEIGHBOURS, paths.neighbours), number),
        "suspect": part_of(suspects, number, [*proposed, "evidence", "issue", "confusable_pair"]),
        "proposal": part_of(
            read_or_empty(RELABEL, paths.proposals),
            number,
            [*proposed, "n_labelled", "consistency", "consistency_low", "consistency_high", "vote"],
        ),
        "views": part_of(status, number, [*VIEW_PRESENT, VIEW_PRESENT_UNKNOWN, "flags"]),
        "live": live_part(rows, read_or_empty(SEGMENTS, paths.segments)),
        "event": event_part(rows, read_or_empty(EVENTS, paths.events)),
        "excluded": part_of(quarantine, number, ["stage", "reason"]),
        "fringe": fringe_part(tables.read_all(FRINGES, paths.fringes), number),
    }


def neighbour_part(neighbours: pd.DataFrame, number: pd.Series) -> pd.DataFrame:
    """Return the nearest other glitches: `other`, its place in the order, and `distance`.

    Of a glitch with a row for each view, the smallest distance over its views.
    """
    other = neighbours["neighbour_id"].map(number)
    same = neighbours["glitch_id"] == neighbours["neighbour_id"]
    known = neighbours.assign(other=other)[other.notna() & ~same]
    near = part_of(known, number, ["other", "distance"]).astype({"other": np.int64})
    near = near.sort_values(["number", "distance", "other"]).drop_duplicates(["number", "other"])
    return near.groupby("number").head(NEAREST)


def live_part(rows: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Return the detectors that took science data at each glitch, as `ifo`."""
    times = rows["event_time"].to_numpy(dtype=float)
    parts = [
        pd.DataFrame({"number": np.flatnonzero(contains(segments_of(segments, ifo), times)), "ifo": ifo})
        for ifo in sorted(segments["ifo"].unique())
    ]
    live = pd.concat(parts) if parts else pd.DataFrame({"number": [], "ifo": []})
    return live.sort_values(["number", "ifo"], kind="stable")


def event_part(rows: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return the signals and injections within `EVENTS_S` in the glitch's detector.

    Returns
    -------
    DataFrame
        `name`, `kind`, and `after`, the seconds from the glitch to the event.
    """
    times, ifos = rows["event_time"].to_numpy(dtype=float), rows["ifo"].to_numpy()
    near: list[dict[str, Any]] = []
    for event in records(events):
        time = float(event["event_time"])
        low, high = np.searchsorted(times, [time - EVENTS_S, time + EVENTS_S])
        near += [
            {"number": place, "name": event["name"], "kind": event["kind"], "after": time - times[place]}
            for place in range(low, high)
            if event["ifo"] in ("", ifos[place])
        ]
    part = pd.DataFrame(near, columns=["number", "name", "kind", "after"])
    return part.sort_values(["number", "after", "name"])


def fringe_part(fringes: pd.DataFrame, number: pd.Series) -> pd.DataFrame:
    """Return the predicted fringe frequencies that are nearest to the glitch's frequency."""
    columns = ["channel", "observed_hz", "predicted_hz", "harmonic", "mismatch", "match"]
    part = part_of(fringes.drop_duplicates(["glitch_id", "channel"]), number, columns)
    part = part.sort_values(["number", "mismatch", "channel"]).groupby("number").head(FRINGES_LISTED)
    return part.drop(columns="mismatch")
