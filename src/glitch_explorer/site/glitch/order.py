"""The glitches of the page in order of time, and the index by which an id or a time finds its block."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import lal
import pandas as pd

from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.map.data import coded, packed
from glitch_explorer.site.map.leap_seconds import leap_seconds
from glitch_explorer.site.map.sample import even_sample

#: Glitches in a block, which is one script.
BLOCK = 500
#: Largest number of glitches that have a page, as rows of the map.
MOST = 300_000


def in_order(glitches: pd.DataFrame, families: pd.DataFrame, medoids: frozenset[str]) -> pd.DataFrame:
    """Return the catalogue in order of time, those without a time last.

    Parameters
    ----------
    glitches, families
        Tables "glitches", of which some columns may be missing, and "families".
    medoids
        Glitches that a sample keeps.

    Returns
    -------
    DataFrame
        The glitches, with family and isolation of the first row on the map, -1 and NaN off it.
        Of a larger catalogue, an even sample of `MOST` glitches.
    """
    first = families.drop_duplicates("glitch_id")[["glitch_id", "family", "isolation"]]
    rows = glitches.merge(first, on="glitch_id", how="left", validate="1:1")
    rows["family"] = rows["family"].fillna(UNASSIGNED)
    rows = rows[even_sample(rows, MOST, medoids)]
    return rows.sort_values(["event_time", "ifo", "glitch_id"], ignore_index=True)


def numbers_of(rows: pd.DataFrame) -> pd.Series:
    """Return the place of each glitch in the order, by its id."""
    return pd.Series(range(len(rows)), index=rows["glitch_id"])


def absent_ids(
    duplicates: pd.DataFrame, quarantine: pd.DataFrame, number: pd.Series
) -> dict[str, dict[str, Any]]:
    """Return ids of the sources without a page: `kept`, the glitch that stands for them, or `excluded`.

    Parameters
    ----------
    duplicates, quarantine
        Tables "duplicates" and "quarantine".
    number
        Of `numbers_of`.
    """
    same = duplicates[~duplicates["glitch_id"].isin(number.index) & duplicates["kept_id"].isin(number.index)]
    out = quarantine.dropna(subset="glitch_id")
    out = out[~out["glitch_id"].isin(number.index)]
    return {
        "kept": dict(zip(same["glitch_id"], same["kept_id"], strict=True)),
        "excluded": dict(zip(out["glitch_id"], out["reason"], strict=True)),
    }


def travel_times(detectors: Sequence[str]) -> dict[str, float]:
    """Return the light travel time in seconds between each two detectors that LAL knows, as `H1L1`."""
    sites = {site.frDetector.prefix: site for site in lal.CachedDetectors}
    known = [ifo for ifo in detectors if ifo in sites]
    return {
        first + second: round(lal.LightTravelTime(sites[first], sites[second]) * 1e-9, 4)
        for first, second in combinations(known, 2)
    }


def index_data(
    rows: pd.DataFrame, shown: Sequence[str], names: Mapping[str, str | None], settings: dict[str, Any]
) -> dict[str, Any]:
    """Return what the page loads first: ids, times and groups of all glitches, and the settings.

    Parameters
    ----------
    rows
        Of `in_order`.
    shown
        Glitches in the order of their spectrograms.
    names
        What the pages call each family.
    settings
        Further values of the page.
    """
    ifo, detectors = coded(rows["ifo"], "unknown")
    family, families = coded(rows["family"], UNASSIGNED)
    label, labels = coded(rows["label"], "no label")
    picture = {glitch: number for number, glitch in enumerate(shown)}
    times = rows["event_time"].dropna()
    return settings | {
        "block": BLOCK,
        "ids": rows["glitch_id"].tolist(),
        "time": packed(rows["event_time"], "f8"),
        "snr": packed(rows["snr"], "f4"),
        "ifo": packed(ifo, "u1"),
        "family": packed(family, "u2"),
        "label": packed(label, "u2"),
        "picture": packed([picture.get(glitch, -1) for glitch in rows["glitch_id"]], "i4"),
        "names": {"ifo": detectors, "family": families, "label": labels},
        "called": {family: names.get(family) for family in families},
        "travel": travel_times(detectors),
        "leaps": leap_seconds(times.max()) if len(times) else [],
    }


def pictured(status: pd.DataFrame, rows: pd.DataFrame, medoids: frozenset[str], limit: int) -> list[str]:
    """Return the glitches with spectrograms, in order of time: `even_sample` of those in table "views"."""
    viewed = rows[rows["glitch_id"].isin(status["glitch_id"])].reset_index(drop=True)
    shown: list[str] = viewed.loc[even_sample(viewed, limit, medoids), "glitch_id"].tolist()
    return shown
