"""The audit page: labels against families both ways, suspects to review, leakage test, detector probe."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import (
    AUDIT_FAMILIES,
    FEW_BLOCKS,
    LABELS,
    LEAKAGE,
    LEAST,
    LEAST_BLOCKS,
    NORMALISED_LIMIT,
    P_LIMIT,
    PROBE,
    RELABEL,
    SUSPECTS,
)
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import QUALITY
from glitch_explorer.site.audit.entropies import family_rows, label_rows
from glitch_explorer.site.audit.suspects import AXIS, contradicted, label_pairs, pair_matrix, review_rows
from glitch_explorer.site.pages import records, render, script_data, static
from glitch_explorer.site.pictures import Pictures, save_webp
from glitch_explorer.site.sprites import SPRITE_SIZE, VIEW_GAP

#: Suspects that have a picture on the page, the most suspect first.
MOST_PICTURES = 600


#: Tables in the folder of the audit, by the name of their file.
TABLES = {
    "families": AUDIT_FAMILIES,
    "labels": LABELS,
    "quality": QUALITY,
    "suspects": SUSPECTS,
    "relabel": RELABEL,
    "leakage": LEAKAGE,
    "probe": PROBE,
}


def card_data(review: pd.DataFrame, rows: pd.DataFrame, pictures: dict[str, int]) -> dict[str, Any]:
    """Return what the cards show, column by column; row i of each is suspect i.

    Parameters
    ----------
    review
        Rows to review, see `suspects.review_rows`.
    rows
        The map's rows with ifo, event_time and snr.
    pictures
        Number of the picture of each glitch that has one.
    """
    glitches = rows.drop_duplicates("glitch_id").set_index("glitch_id").loc[review["glitch_id"]]
    labels, names = pd.factorize(pd.concat([review["label"], review["proposed_label"]]), sort=True)
    family, families = pd.factorize(review["family"], sort=True)

    def finite(values: pd.Series, digits: int) -> list[float | None]:
        return [None if pd.isna(value) else round(float(value), digits) for value in values]

    return {
        "id": review["glitch_id"].tolist(),
        "view": review["view"].tolist(),
        # -1 where there is none.
        "label": labels[: len(review)].tolist(),
        "proposed": labels[len(review) :].tolist(),
        "family": family.tolist(),
        "evidence": finite(review["evidence"], 4),
        "issue": review["issue"].astype(int).tolist(),
        "confusable": review["confusable_pair"].astype(int).tolist(),
        "axis": {name: finite(review[name], 6) for name in AXIS},
        "ifo": glitches["ifo"].tolist(),
        "time": finite(glitches["event_time"], 4),
        "snr": finite(glitches["snr"], 1),
        "picture": [pictures.get(glitch, -1) for glitch in review["glitch_id"]],
        "names": {"label": list(names), "family": list(families)},
    }


def probe_counts(probe: pd.DataFrame, families: int) -> dict[str, float]:
    """Count the families whose vectors identify the detector.

    Parameters
    ----------
    probe
        Table "probe".
    families
        Number of families.

    Returns
    -------
    dict
        Families `probed`, `identified` (the interval of the area lies above 0.5), `expected` by chance alone,
        `few_blocks`, those whose detectors share too few blocks of time, and `too_few`, those with too few
        members to probe.
    """
    few_blocks = int((probe["reason"] == FEW_BLOCKS).sum())
    probed = len(probe) - few_blocks
    return {
        "probed": probed,
        "identified": int((probe["auc_low"] > 0.5).sum()),
        "expected": 0.025 * probed,
        "few_blocks": few_blocks,
        "too_few": families - len(probe),
    }


def page_values(
    audit: Mapping[str, pd.DataFrame], rows: pd.DataFrame, review: pd.DataFrame
) -> dict[str, Any]:
    """Return what the page shows without a script.

    Parameters
    ----------
    audit
        The tables of `TABLES`.
    rows
        The map's rows: family and label.
    review
        Rows to review, see `suspects.review_rows`.
    """
    families, suspects, leakage, probe = (
        audit[name] for name in ("families", "suspects", "leakage", "probe")
    )
    whole = {str(name): float(value) for name, value in audit["quality"][["metric", "value"]].to_numpy()}
    pairs = label_pairs(review)
    return {
        "families": len(families),
        "suspects": len(suspects),
        "contradicted": len(contradicted(suspects)),
        "errors": int(suspects["issue"].sum()),
        "unlabelled": int(review["label"].isna().sum()),
        "whole": whole,
        "labelled": int(audit["quality"]["n"].max()) if len(audit["quality"]) else 0,
        "split": family_rows(families, rows),
        "packed": label_rows(audit["labels"], rows),
        "most_split": max([whole["over_splitting_bits"], *families["label_entropy_bits"].dropna()]),
        "most_packed": max([whole["over_compression_bits"], *audit["labels"]["family_entropy_bits"]]),
        "pairs": pairs,
        "matrix": pair_matrix(pairs),
        "review": len(review),
        "pictured": min(MOST_PICTURES, review["glitch_id"].nunique()),
        "most_pictures": MOST_PICTURES,
        "leaks": records(leakage),
        "p_limit": P_LIMIT,
        "normalised_limit": NORMALISED_LIMIT,
        "probe": records(probe.sort_values(["auc", "family"], ascending=[False, True])),
        "probes": probe_counts(probe, len(families)),
        "least": LEAST,
        "least_blocks": LEAST_BLOCKS,
    }


def write_audit_page(
    *,
    glitches: str | Path,
    families: str | Path,
    audit: str | Path,
    figure: str | Path,
    views: Sequence[str | Path],
    status: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    witnesses: bool,
    cost: bool,
) -> None:
    """Write the audit page.

    Parameters
    ----------
    glitches, families : path
        Tables "glitches" and "families".
    audit : path
        Folder with the audit's tables families, labels, quality, suspects, relabel, leakage and probe.
    figure : path
        The figure of the leakage test.
    views, status : list of path
        Arrays and tables "views" of all shards, in the same order.
    out : path
        Folder for the page's scripts and pictures; an existing one is replaced.
    page : path
        The page, in the same folder as `out`.
    witnesses, cost : bool
        Whether the site has a page of witnesses, and one of costs.
    """
    read = {name: tables.read(schema, Path(audit) / f"{name}.parquet") for name, schema in TABLES.items()}
    rows = map_rows(glitches, families, ["ifo", "event_time", "snr", "label"])
    review = review_rows(read["suspects"], read["relabel"])
    shown = review["glitch_id"].drop_duplicates().head(MOST_PICTURES).tolist()
    pictures = Pictures(views, status)
    with files.whole_folder(out) as folder:
        for number, glitch_id in enumerate(shown):
            save_webp(
                folder / f"{number:04d}.webp", pictures.strip(glitch_id, size=SPRITE_SIZE, gap=VIEW_GAP)
            )
        data = card_data(review, rows, {glitch: number for number, glitch in enumerate(shown)})
        files.write_text(folder / "suspects.js", script_data("SUSPECTS", data))
        files.write_text(folder / "audit.js", static("audit/audit.js"))
        shutil.copyfile(figure, folder / "leakage.png")
    values = page_values(read, rows, review) | {"witnesses": witnesses, "cost": cost}
    files.write_text(page, render("audit/audit.html", folder=Path(out).name, root="", **values))
