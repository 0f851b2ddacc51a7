"""Two ways to group the same glitches into families, against each other."""

from pathlib import Path

import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from glitch_explorer.audit.schemas import COMPARED
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.map.groups.file import file_groups
from glitch_explorer.map.schemas import FAMILIES, QUALITY, UNASSIGNED


def contingency(family: pd.Series, other: pd.Series) -> pd.DataFrame:
    """Count the glitches that two families share: table "compared_families".

    Parameters
    ----------
    family, other
        ``(n,)`` family of each glitch in both groupings, `UNASSIGNED` where it is in none.
    """
    counts = pd.DataFrame({"family": family.to_numpy(), "other": other.to_numpy()})
    table = counts.groupby(["family", "other"]).size().rename("n").reset_index()
    sizes = {side: table.groupby(side)["n"].transform("sum") for side in ("family", "other")}
    return table.assign(
        share_of_family=table["n"] / sizes["family"],
        share_of_other=table["n"] / sizes["other"],
        jaccard=table["n"] / (sizes["family"] + sizes["other"] - table["n"]),
    ).sort_values(["family", "n", "other"], ascending=[True, False, True], ignore_index=True)


def agreement(family: pd.Series, other: pd.Series) -> pd.DataFrame:
    """Measure how far two groupings agree, over the glitches that both assign: table "quality".

    Adjusted mutual information (Vinh, Epps & Bailey 2010) and adjusted Rand index (Hubert & Arabie 1985): 1
    for the same grouping, 0 by chance. Beside them the glitches that both, one, or neither assigns.

    Parameters
    ----------
    family, other
        See `contingency`.
    """
    here, there = ((side != UNASSIGNED).to_numpy(dtype=bool) for side in (family, other))
    both = here & there
    pair = family.to_numpy(dtype=str)[both], other.to_numpy(dtype=str)[both]
    measured = {"ami": adjusted_mutual_info_score, "ari": adjusted_rand_score} if both.any() else {}
    counts = {
        "both": both,
        "only_here": here & ~there,
        "only_there": there & ~here,
        "neither": ~here & ~there,
    }
    values = {name: float(score(*pair)) for name, score in measured.items()}
    values |= {name: float(rows.sum()) for name, rows in counts.items()}
    n = [int(both.sum()) if name in measured else len(family) for name in values]
    return pd.DataFrame({"metric": list(values), "value": list(values.values()), "n": n})


def compare_families(
    *,
    glitches: str | Path,
    duplicates: str | Path,
    families: str | Path,
    file: str | Path,
    tolerance_s: float,
    out: str | Path,
    agreement_out: str | Path,
) -> None:
    """Compare the families of a run with those of a file.

    Parameters
    ----------
    glitches, duplicates, families
        Tables "glitches", "duplicates" and "families".
    file
        The other families, as `file_groups` reads them: table "families" of another run, for instance.
    tolerance_s
        Largest distance in s of a time in the file from that of its glitch.
    out
        Table "compared_families" to write.
    agreement_out
        Table "quality" to write.
    """
    rows = tables.read(FAMILIES, families)
    catalogue = tables.read(GLITCHES, glitches, ["glitch_id", "ifo", "event_time"])
    group = file_groups(catalogue, tables.read(DUPLICATES, duplicates), file, tolerance_s=tolerance_s)
    other = rows["glitch_id"].map(group.set_axis(catalogue["glitch_id"])).fillna(UNASSIGNED)
    tables.write(COMPARED, contingency(rows["family"], other), out)
    tables.write(QUALITY, agreement(rows["family"], other), agreement_out)
