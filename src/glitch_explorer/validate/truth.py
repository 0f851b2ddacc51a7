"""What the simulated observatory planted, and which families match its classes.

A family matches a planted class where more than half of its planted glitches are of it. A class
that fell into several families counts with each of them.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import UNASSIGNED

#: A family matches a class with more than this share of its planted glitches.
MATCHED = 0.5
#: A class with at least this share of a family's glitches in a detector brings its witnesses along: they
#: are no false discovery, and without any the family has none.
PRESENT = 0.1


def read_truth(path: str | Path) -> dict[str, Any]:
    """Read what was planted.

    Raises
    ------
    UserError
        When the file is not the observatory's.
    """
    try:
        truth = json.loads(Path(path).read_text(encoding="utf-8"))
        truth["glitches"], truth["wrong_labels"], truth["duplicates"], truth["unknown_class"]
    except (ValueError, KeyError, TypeError) as problem:
        raise UserError(
            f"{path} is not the truth.json of a simulated observatory: {problem!r}; delete it and run again"
        ) from problem
    return dict(truth)


def planted_classes(truth: dict[str, Any], glitch_ids: pd.Series) -> pd.Series:
    """Return the planted class of each id (n,), also of duplicates; missing for events and unknown ids."""
    planted = {
        glitch_id: glitch["class"] for glitch_id, glitch in truth["glitches"].items() if not glitch["event"]
    }
    planted |= {second: planted[first] for first, second in truth["duplicates"]}
    return glitch_ids.map(planted)


def compositions(families: pd.DataFrame, glitches: pd.DataFrame, planted: pd.Series) -> pd.DataFrame:
    """Count the planted classes of each family in each detector.

    Parameters
    ----------
    families
        glitch_id and family.
    glitches
        glitch_id and ifo.
    planted
        Planted class of each row of `families`, missing for events and unknown ids.

    Returns
    -------
    DataFrame
        family, ifo, class (which the family matches, missing where it is a mixture), n (planted
        glitches), present (tuple of the classes that have at least a tenth of them).
    """
    rows = families[["glitch_id", "family"]].assign(planted=planted)
    rows = rows[rows["family"] != UNASSIGNED].dropna(subset="planted").drop_duplicates("glitch_id")
    rows = rows.merge(glitches[["glitch_id", "ifo"]], on="glitch_id", validate="many_to_one")
    shares = rows.groupby("family")["planted"].value_counts(normalize=True).reset_index()
    main = shares[shares["proportion"] > MATCHED].set_index("family")["planted"]
    counts = []
    for (family, ifo), members in rows.groupby(["family", "ifo"], sort=True):
        share = members["planted"].value_counts(normalize=True)
        present = tuple(sorted(share.index[share >= PRESENT]))
        counts.append((family, ifo, main.get(family), len(members), present))
    return pd.DataFrame(counts, columns=["family", "ifo", "class", "n", "present"])


def families_of(composition: pd.DataFrame, plant: dict[str, Any]) -> list[str]:
    """Return the families that match the class and detector of a planted witness, driver or cost."""
    same = (composition["class"] == plant["class"]) & (composition["ifo"] == plant["ifo"])
    return [str(family) for family in composition.loc[same, "family"]]
