"""The page of one family: its pictures, numbers and labels, and the results of the other stages."""

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from glitch_explorer.audit.labels import label_counts
from glitch_explorer.core import files
from glitch_explorer.core.arrays import evenly
from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.map.schemas import ROW_KEY
from glitch_explorer.site.audit.suspects import contradicted
from glitch_explorer.site.evidence.rows import family_evidence
from glitch_explorer.site.families.choice import by_label, odd_members, typical_members
from glitch_explorer.site.families.names import family_names
from glitch_explorer.site.families.unknown import map_unknown
from glitch_explorer.site.pages import records, render, rendered
from glitch_explorer.site.pictures import Key, Pictures, row_keys, row_of, save_webp
from glitch_explorer.views.axes import HIGH_HZ, LOW_HZ

#: Side in pixels of a member's views and of a thumbnail.
MEMBER_SIZE, THUMBNAIL_SIZE = 128, 72
#: Thumbnails in a strip, and rows of a contact sheet.
STRIP_LENGTH, SHEET_ROWS = 15, 8
#: Suspects and proposals listed on a family's page; labels that have a colour of their own there.
LISTED, SHADES = 12, 4


@dataclass(frozen=True)
class Atlas:
    """The tables that the pages are made from: of the audit, and the map's rows."""

    rows: pd.DataFrame
    families: pd.DataFrame
    nearest: pd.DataFrame
    gradients: pd.DataFrame
    positions: pd.DataFrame
    suspects: pd.DataFrame
    proposals: pd.DataFrame
    probe: pd.DataFrame
    pictures: Pictures
    typical: int
    odd: int
    #: Folders with parts of the families' pages: of the coupling stage, about channels, and about triggers
    #: and flags; and of the impact stage. None where there are none.
    witnesses: Path | None
    coincidences: Path | None
    cost: Path | None
    #: Comparison with other families (`read_compared`), None where there is none.
    compared: dict[str, Any] | None = None
    #: Table "evidence", None where the coupling stage was not run.
    evidence: pd.DataFrame | None = None

    @property
    def order(self) -> list[str]:
        """The families, in the order of their pages."""
        return [str(family) for family in self.families.index]

    @cached_property
    def names(self) -> dict[str, str | None]:
        """What the pages call each family."""
        return family_names(self.families.reset_index())

    @property
    def has(self) -> dict[str, bool]:
        """Which pages the site has."""
        witnesses = self.witnesses is not None or self.coincidences is not None
        return {"witnesses": witnesses, "cost": self.cost is not None}


def frequency_ticks() -> list[tuple[str, float]]:
    """Return the labels of a view's frequency axis and their positions, 0 at the top and 1 at the bottom."""
    span = np.log2(HIGH_HZ / LOW_HZ)
    return [(str(hz), float(np.log2(HIGH_HZ / hz) / span)) for hz in (2048, 1024, 512, 256, 128, 64, 32, 16)]


def spread(values: pd.Series) -> dict[str, float | None]:
    """Return median and quartiles of the finite values, None where there are none."""
    finite = values.dropna()
    low, middle, high = finite.quantile([0.25, 0.5, 0.75]) if len(finite) else (None, None, None)
    return {"low": low, "median": middle, "high": high}


def _members(members: pd.DataFrame, ids: list[str], pictures: Pictures, stem: Path) -> list[dict[str, Any]]:
    """Write the pictures of the members `ids`, named `stem` and a number, and return their rows."""
    shown = []
    known = members.drop_duplicates("glitch_id").set_index("glitch_id", drop=False)
    for number, glitch_id in enumerate(ids, start=1):
        path = stem.with_name(f"{stem.name}-{number}.webp")
        save_webp(path, pictures.strip(glitch_id, size=MEMBER_SIZE))
        shown.append({"picture": path.name, **records(known.loc[[glitch_id]])[0]})
    return shown


def _shown(atlas: Atlas, members: pd.DataFrame, medoid: str, family: str, folder: Path) -> dict[str, Any]:
    """Select the members that are shown, and write their pictures."""
    typical = typical_members(members, medoid, atlas.typical)
    odd = odd_members(members, [medoid, *typical], atlas.odd)
    kinds = {"medoid": [medoid], "typical": typical, "odd": odd}
    shown = {
        kind: _members(members, ids, atlas.pictures, folder / f"{family}-{kind}")
        for kind, ids in kinds.items()
    }
    return {**shown, "medoid": shown["medoid"][0]}


def _strip(atlas: Atlas, members: list[Key], name: str, folder: Path) -> dict[str, Any]:
    """Write a row of thumbnails of evenly spaced `members`."""
    chosen = evenly(len(members), STRIP_LENGTH)
    picture = row_of([atlas.pictures.thumbnail(members[row], THUMBNAIL_SIZE) for row in chosen], 2)
    save_webp(folder / name, picture)
    return {"picture": name, "width": picture.shape[1], "height": picture.shape[0]}


def _strips(atlas: Atlas, ordered: pd.DataFrame, family: str, folder: Path) -> dict[str, Any]:
    """Write the family's strips and its contact sheet; `ordered` has the members in order of its axis."""
    axis = row_keys(ordered)
    energy = [atlas.pictures.mean_energy(key) for key in axis]
    louder = np.argsort(energy, kind="stable")
    sheet = [
        {"label": label, "count": len(keys), **_strip(atlas, keys, f"{family}-label-{number}.webp", folder)}
        for number, (label, keys) in enumerate(by_label(ordered, SHEET_ROWS), start=1)
    ]
    return {
        "axis_strip": _strip(atlas, axis, f"{family}-axis.webp", folder),
        "energy_strip": _strip(atlas, [axis[rank] for rank in louder], f"{family}-energy.webp", folder),
        "energy_range": (min(energy), max(energy)),
        "sheet": sheet,
    }


def _sections(gradients: pd.DataFrame, ordered: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each section of a family's axis with its label shares."""
    described = []
    for row in records(gradients):
        counts = label_counts(ordered.loc[ordered["segment"] == row["segment"], "label"])
        shares = [(label, count, count / counts.sum()) for label, count in counts.items()]
        described.append({**row, "shares": shares})
    return described


def _doubts(atlas: Atlas, family: str) -> dict[str, Any]:
    """Return the family's suspect labels and the proposed ones."""
    suspects = atlas.suspects[atlas.suspects["family"] == family]
    proposals = atlas.proposals[atlas.proposals["family"] == family]
    doubtful = contradicted(suspects)
    return {
        "suspects": records(doubtful.head(LISTED)),
        "n_suspects": len(doubtful),
        "issues": int(suspects["issue"].sum()),
        "proposals": records(proposals.head(LISTED)),
        "n_proposals": len(proposals),
    }


def _labels(members: pd.DataFrame) -> dict[str, Any]:
    """Return the family's label counts, and the interval of the purity."""
    counts = label_counts(members["label"])
    total = int(counts.sum())
    return {
        "purity_interval": wilson_interval(int(counts.iloc[0]), total) if total else None,
        "shares": [(label, count, count / total) for label, count in counts.items()],
        "shades": {label: min(number, SHADES) for number, label in enumerate(counts.index)},
    }


def stage_part(source: Path | None, family: str, folder: Path) -> tuple[Markup, dict[str, Any]]:
    """Return a stage's section of a family's page and its JSON file, and copy its figures beside the page."""
    if source is None:
        return Markup(), {"unknown": []}
    for picture in (*source.glob(f"{family}.png"), *sorted(source.glob(f"{family}-*.png"))):
        shutil.copyfile(picture, folder / picture.name)
    facts = json.loads((source / f"{family}.json").read_text(encoding="utf-8"))
    return rendered((source / f"{family}.html").read_text(encoding="utf-8")), facts


def coupling_parts(
    witnesses: Path | None,
    coincidences: Path | None,
    evidence: pd.DataFrame | None,
    family: str,
    folder: Path,
) -> dict[str, Any]:
    """Return the sections of the coupling stage, the evidence by channel, and what it leaves unknown.

    Parameters
    ----------
    witnesses, coincidences
        Folders with the sections about channels, and about triggers, flags and trends.
    evidence
        Table "evidence", None where the stage was not run.
    family, folder
        The family, and the folder of its page.
    """
    witness_part, of_channels = stage_part(witnesses, family, folder)
    coincidence_part, of_triggers = stage_part(coincidences, family, folder)
    return {
        "witness_part": witness_part,
        "coincidence_part": coincidence_part,
        "evidence": None if evidence is None else family_evidence(evidence, family),
        "unknown": [*of_channels["unknown"], *of_triggers["unknown"]],
    }


def write_family_page(atlas: Atlas, family: str, folder: Path) -> dict[str, Any]:
    """Write one family's page and pictures into `folder`; return its line of the atlas."""
    number = atlas.order.index(family)
    members = atlas.rows[atlas.rows["family"] == family]
    audit = records(atlas.families.loc[[family]])[0]
    ordered = atlas.positions[atlas.positions["family"] == family].merge(
        members[[*ROW_KEY, "label"]], on=ROW_KEY
    )
    sections = _sections(atlas.gradients[atlas.gradients["family"] == family], ordered)
    gradient = bool(sections) and bool(sections[0]["gradient"])
    nearest = records(atlas.nearest[atlas.nearest["family"] == family])
    probe = records(atlas.probe[atlas.probe["family"] == family])
    coupling = coupling_parts(atlas.witnesses, atlas.coincidences, atlas.evidence, family, folder)
    cost_part, impact = stage_part(atlas.cost, family, folder)
    evidence = coupling["evidence"]
    facts = {"witness": evidence and evidence["best"], "rank": impact.get("rank")}
    doubts = _doubts(atlas, family)
    values = {
        "family": family,
        "audit": audit,
        "called": atlas.names[family],
        "nearest": nearest,
        "detectors": members["ifo"].value_counts().sort_index().to_dict(),
        "spreads": {name: spread(members[name]) for name in ("snr", "peak_frequency_hz", "duration_s")},
        "probability": spread(members["probability"]),
        "probe": probe,
        "sections": sections,
        "gradient": gradient,
        "witness_part": coupling["witness_part"],
        "coincidence_part": coupling["coincidence_part"],
        "evidence": evidence,
        "cost_part": cost_part,
        "unknown": {
            "families": map_unknown(audit, gradient, members, probe),
            "witnesses": coupling["unknown"],
            "cost": impact["unknown"],
        },
        "ticks": frequency_ticks(),
        "lengths": [float(name) for name in VIEW_NAMES],
        "previous": atlas.order[number - 1] if number else None,
        "following": next(iter(atlas.order[number + 1 :]), None),
        **_shown(atlas, members, audit["medoid"], family, folder),
        **_labels(members),
        **_strips(atlas, ordered, family, folder),
        **facts,
        **doubts,
        **atlas.has,
        "root": "../",
    }
    files.write_text(folder / f"{family}.html", render("families/family.html", **values))
    shown = {"called": atlas.names[family], "nearest": nearest}
    return {"family": family, **audit, **shown, **facts, "gradient": gradient, "issues": doubts["issues"]}
