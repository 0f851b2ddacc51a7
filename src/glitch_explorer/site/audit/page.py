"""The audit page: labels against families both ways, suspects with pictures to judge, leakage gate, probe."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, LABELS, LEAKAGE, PROBE, RELABEL, SUSPECTS
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import QUALITY
from glitch_explorer.site.audit import answers
from glitch_explorer.site.pages import records, render, script_data, static
from glitch_explorer.site.pictures import Pictures, save_webp
from glitch_explorer.site.sprites import SPRITE_SIZE, VIEW_GAP

#: Suspects that have a picture on the page, the most suspect first.
MOST_PICTURES = 600


@dataclass(frozen=True)
class AuditTables:
    """What the page is made from."""

    #: The map's rows with ifo, event_time, snr and label.
    rows: pd.DataFrame
    families: pd.DataFrame
    labels: pd.DataFrame
    quality: pd.DataFrame
    suspects: pd.DataFrame
    proposals: pd.DataFrame
    leakage: pd.DataFrame
    probe: pd.DataFrame


def read_tables(glitches: str | Path, families: str | Path, audit: str | Path) -> AuditTables:
    """Read tables "glitches" and "families", and those in the folder `audit`."""
    audit = Path(audit)

    def read(name: str, schema: pa.Schema) -> pd.DataFrame:
        return tables.read(schema, audit / f"{name}.parquet")

    return AuditTables(
        rows=map_rows(glitches, families, ["ifo", "event_time", "snr", "label"]),
        families=read("families", AUDIT_FAMILIES),
        labels=read("labels", LABELS),
        quality=read("quality", QUALITY),
        suspects=read("suspects", SUSPECTS),
        proposals=read("relabel", RELABEL),
        leakage=read("leakage", LEAKAGE),
        probe=read("probe", PROBE),
    )


def card_data(judged: pd.DataFrame, rows: pd.DataFrame, pictures: dict[str, int]) -> dict[str, Any]:
    """Collect what the cards show, column by column; row i of each is suspect i.

    Parameters
    ----------
    judged
        Rows to judge, see `audit_answers.judged_rows`.
    rows
        The map's rows with ifo, event_time and snr.
    pictures
        Number of the picture of each glitch that has one.
    """
    known = rows.drop_duplicates("glitch_id").set_index("glitch_id").loc[judged["glitch_id"]]
    labels, names = pd.factorize(pd.concat([judged["label"], judged["proposed_label"]]), sort=True)
    family, families = pd.factorize(judged["family"], sort=True)

    def finite(values: pd.Series, digits: int) -> list[float | None]:
        return [None if pd.isna(value) else round(float(value), digits) for value in values]

    return {
        "id": judged["glitch_id"].tolist(),
        "view": judged["view"].tolist(),
        # -1 where there is none.
        "label": labels[: len(judged)].tolist(),
        "proposed": labels[len(judged) :].tolist(),
        "family": family.tolist(),
        "evidence": finite(judged["evidence"], 4),
        "issue": judged["issue"].astype(int).tolist(),
        "confusable": judged["confusable_pair"].astype(int).tolist(),
        "axis": judged["axis"].tolist(),
        "ifo": known["ifo"].tolist(),
        "time": finite(known["event_time"], 4),
        "snr": finite(known["snr"], 1),
        "picture": [pictures.get(glitch, -1) for glitch in judged["glitch_id"]],
        "names": {"label": list(names), "family": list(families)},
    }


def page_values(told: AuditTables, judged: pd.DataFrame) -> dict[str, Any]:
    """Collect what the page says without a script."""
    whole = told.quality.set_index("metric")["value"]
    split, packed = (
        answers.family_lines(told.families, told.rows),
        answers.label_lines(told.labels, told.rows),
    )
    pairs = answers.pair_lines(judged)
    return {
        "lead": answers.lead_text(told.suspects, judged, len(told.families)),
        "whole": {str(name): float(value) for name, value in whole.items()},
        "labelled": int(told.quality["n"].max()) if len(told.quality) else 0,
        "split": split,
        "packed": packed,
        "most_split": max([whole["over_splitting_bits"], *told.families["label_entropy_bits"].dropna()]),
        "most_packed": max([whole["over_compression_bits"], *told.labels["family_entropy_bits"]]),
        "pairs": pairs,
        "matrix": answers.pair_matrix(pairs),
        "judged": len(judged),
        "pictured": min(MOST_PICTURES, judged["glitch_id"].nunique()),
        "most_pictures": MOST_PICTURES,
        "gate": answers.gate_text(told.leakage),
        "failed": bool(told.leakage["failed"].any()),
        "leaks": [{**row, "said": answers.leak_text(row)} for row in records(told.leakage)],
        "probed": answers.probe_text(told.probe, len(told.families)),
        "probe": answers.probe_lines(told.probe),
    }


def make_audit_page(
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
        Tables of these names.
    audit : path
        Folder with the audit's tables families, labels, quality, suspects, relabel, leakage and probe.
    figure : path
        The figure of the leakage gate.
    views, status : list of path
        Arrays and tables "views" of all shards, in the same order.
    out : path
        Folder of the page's scripts and pictures, replaced as a whole.
    page : path
        The page, beside the folder.
    witnesses, cost : bool
        The site has a page of witnesses, and one of costs, to go on to.
    """
    told = read_tables(glitches, families, audit)
    judged = answers.judged_rows(told.suspects, told.proposals)
    drawn = judged["glitch_id"].drop_duplicates().head(MOST_PICTURES).tolist()
    pictures = Pictures(views, status)
    with files.whole_folder(out) as folder:
        for number, glitch_id in enumerate(drawn):
            save_webp(
                folder / f"{number:04d}.webp", pictures.strip(glitch_id, size=SPRITE_SIZE, gap=VIEW_GAP)
            )
        data = card_data(judged, told.rows, {glitch: number for number, glitch in enumerate(drawn)})
        files.write_text(folder / "suspects.js", script_data("SUSPECTS", data))
        files.write_text(folder / "audit.js", static("audit/audit.js"))
        shutil.copyfile(figure, folder / "leakage.png")
    values = page_values(told, judged)
    text = render(
        "audit/audit.html", folder=Path(out).name, **values, witnesses=witnesses, cost=cost, root=""
    )
    files.write_text(page, text)
