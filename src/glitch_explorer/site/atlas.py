"""The atlas: a page for each family, and their list."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from glitch_explorer import files, tables
from glitch_explorer.audit.gradient import wilson_interval
from glitch_explorer.audit.labels import label_counts
from glitch_explorer.audit.rows import map_rows
from glitch_explorer.site.choice import by_label, evenly, odd_members, typical_members
from glitch_explorer.site.pages import own_fragment, records, render, whole_folder
from glitch_explorer.site.pictures import Key, Pictures, row_keys, row_of, save_webp
from glitch_explorer.tables import UNASSIGNED, VIEW_NAMES
from glitch_explorer.views.axes import HIGH_HZ, LOW_HZ

#: Side in pixels of a member's views and of a thumbnail.
MEMBER_SIZE, THUMBNAIL_SIZE = 128, 72
#: Thumbnails in a strip, and rows of a contact sheet.
STRIP_LENGTH, SHEET_ROWS = 15, 8
#: Suspects and proposals listed on a family's page; labels that have a colour of their own there.
LISTED, SHADES = 12, 4
_COLUMNS = ["ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "label", "run"]


@dataclass(frozen=True)
class Atlas:
    """What the pages are made from: the audit's tables and the map's rows by family."""

    rows: pd.DataFrame
    families: pd.DataFrame
    gradients: pd.DataFrame
    positions: pd.DataFrame
    suspects: pd.DataFrame
    proposals: pd.DataFrame
    pictures: Pictures
    typical: int
    odd: int
    #: Folders with parts of the families' pages, in the order in which they are taken in.
    fragments: Sequence[Path]
    #: What the site has pages of, besides: see `make_atlas`.
    witnesses: bool
    cost: bool


def frequency_ticks() -> list[tuple[str, float]]:
    """Give the labels of a view's frequency axis and their places, 0 at the top and 1 at the bottom."""
    span = np.log2(HIGH_HZ / LOW_HZ)
    return [(str(hz), float(np.log2(HIGH_HZ / hz) / span)) for hz in (2048, 1024, 512, 256, 128, 64, 32, 16)]


def _spread(values: pd.Series) -> dict[str, float | None]:
    """Median and quartiles of the finite values, None where there are none."""
    kept = values.dropna()
    low, middle, high = kept.quantile([0.25, 0.5, 0.75]) if len(kept) else (None, None, None)
    return {"low": low, "median": middle, "high": high}


def _members(atlas: Atlas, ids: list[str], kind: str, stem: str, folder: Path) -> list[dict[str, Any]]:
    """Write the pictures of the members `ids` and describe each."""
    shown = []
    known = atlas.rows.drop_duplicates("glitch_id").set_index("glitch_id", drop=False)
    for number, glitch_id in enumerate(ids, start=1):
        name = f"{stem}-{kind}-{number}.webp"
        save_webp(folder / name, atlas.pictures.strip(glitch_id, size=MEMBER_SIZE))
        shown.append({"picture": name, **records(known.loc[[glitch_id]])[0]})
    return shown


def _strip(atlas: Atlas, members: list[Key], name: str, folder: Path) -> dict[str, Any]:
    """Write a row of thumbnails, evenly drawn from `members`."""
    chosen = evenly(members, STRIP_LENGTH)
    picture = row_of([atlas.pictures.thumbnail(key, THUMBNAIL_SIZE) for key in chosen], 2)
    save_webp(folder / name, picture)
    return {"picture": name, "width": picture.shape[1], "height": picture.shape[0]}


def _strips(atlas: Atlas, placed: pd.DataFrame, family: str, folder: Path) -> dict[str, Any]:
    """Write the family's strips and its contact sheet; `placed` is in order of its axis."""
    axis = row_keys(placed)
    energy = [atlas.pictures.mean_energy(key) for key in axis]
    louder = np.argsort(energy, kind="stable")
    sheet = [
        {"label": label, "count": len(keys), **_strip(atlas, keys, f"{family}-label-{number}.webp", folder)}
        for number, (label, keys) in enumerate(by_label(placed, SHEET_ROWS), start=1)
    ]
    return {
        "axis_strip": _strip(atlas, axis, f"{family}-axis.webp", folder),
        "energy_strip": _strip(atlas, [axis[place] for place in louder], f"{family}-energy.webp", folder),
        "energy_range": (min(energy), max(energy)),
        "sheet": sheet,
    }


def _segments(gradients: pd.DataFrame, placed: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe each segment of a family with its label shares."""
    described = []
    for row in records(gradients):
        counts = label_counts(placed.loc[placed["segment"] == row["segment"], "label"])
        shares = [(label, count, count / counts.sum()) for label, count in counts.items()]
        described.append({**row, "shares": shares})
    return described


def _doubts(atlas: Atlas, family: str) -> dict[str, Any]:
    """List the family's suspect labels and the proposed ones."""
    suspects = atlas.suspects[atlas.suspects["family"] == family]
    doubted = suspects[suspects["issue"] | (suspects["label"] != suspects["proposed_label"])]
    proposals = atlas.proposals[atlas.proposals["family"] == family]
    return {
        "suspects": records(doubted.head(LISTED)),
        "issues": int(suspects["issue"].sum()),
        "proposals": records(proposals.head(LISTED)),
        "n_proposals": len(proposals),
    }


def _fragments(atlas: Atlas, family: str, folder: Path) -> Markup:
    """Take over the parts of a family's page that were made before, their pictures beside the page."""
    for held in atlas.fragments:
        for picture in (*held.glob(f"{family}.png"), *sorted(held.glob(f"{family}-*.png"))):
            shutil.copyfile(picture, folder / picture.name)
    return Markup().join(own_fragment(held / f"{family}.html") for held in atlas.fragments)


def _page(atlas: Atlas, family: str, order: list[str], folder: Path) -> dict[str, Any]:
    """Write one family's page and pictures into `folder`; give its line of the atlas."""
    members = atlas.rows[atlas.rows["family"] == family]
    audit = records(atlas.families.loc[[family]])[0]
    medoid = audit["medoid"]
    typical = typical_members(members, medoid, atlas.typical)
    odd = odd_members(members, [medoid, *typical], atlas.odd)
    counts = label_counts(members["label"])
    placed = atlas.positions[atlas.positions["family"] == family].merge(
        members[["glitch_id", "view", "label"]], on=["glitch_id", "view"]
    )
    place = order.index(family)
    values = {
        "family": family,
        "audit": audit,
        "purity_interval": wilson_interval(int(counts.iloc[0]), int(counts.sum())) if len(counts) else None,
        "previous": order[place - 1] if place else None,
        "following": order[place + 1] if place + 1 < len(order) else None,
        "medoid": _members(atlas, [medoid], "medoid", family, folder)[0],
        "typical": _members(atlas, typical, "typical", family, folder),
        "odd": _members(atlas, odd, "odd", family, folder),
        "shares": [(label, count, count / counts.sum()) for label, count in counts.items()],
        "detectors": members["ifo"].value_counts().sort_index().to_dict(),
        "spreads": {name: _spread(members[name]) for name in ("snr", "peak_frequency_hz", "duration_s")},
        "probability": _spread(members["probability"]),
        **_doubts(atlas, family),
        "shades": {label: min(number, SHADES) for number, label in enumerate(counts.index)},
        "segments": _segments(atlas.gradients[atlas.gradients["family"] == family], placed),
        **_strips(atlas, placed, family, folder),
        "ticks": frequency_ticks(),
        "lengths": [float(name) for name in VIEW_NAMES],
        "fragments": _fragments(atlas, family, folder),
        "witnesses": atlas.witnesses,
        "cost": atlas.cost,
        "root": "../",
    }
    files.write_text(folder / f"{family}.html", render("family.html", **values))
    gradient = bool(values["segments"]) and values["segments"][0]["gradient"]
    return {"family": family, **audit, "gradient": gradient, "issues": values["issues"]}


def make_atlas(
    *,
    glitches: str | Path,
    families: str | Path,
    audit: str | Path,
    views: Sequence[str | Path],
    status: Sequence[str | Path],
    out: str | Path,
    index: str | Path,
    typical: int,
    odd: int,
    fragments: Sequence[str | Path],
    witnesses: bool,
    cost: bool,
) -> None:
    """Write the atlas: a page and pictures for each family, and the page that lists them.

    Parameters
    ----------
    glitches, families : path
        Tables of these names.
    audit : path
        Folder with the audit's tables families, gradients, positions, suspects and relabel.
    views, status : list of path
        Arrays and tables "views" of all shards, in the same order.
    out : path
        Folder of the families' pages, replaced as a whole; its parent is the site.
    index : path
        Page that lists the families, beside the folder.
    typical, odd : int
        Members shown of each kind.
    fragments : list of path
        Folders of `witnesses.make_witness_pages` and `impact_pages.make_impact_pages`, as far as there
        are any, in the order in which a page takes them in.
    witnesses, cost : bool
        The site has a page of witnesses, and one of costs, to go on to.
    """
    audit = Path(audit)
    atlas = Atlas(
        rows=map_rows(glitches, families, _COLUMNS),
        families=tables.read("audit_families", audit / "families.parquet").set_index("family"),
        gradients=tables.read("gradients", audit / "gradients.parquet"),
        positions=tables.read("positions", audit / "positions.parquet"),
        suspects=tables.read("suspects", audit / "suspects.parquet"),
        proposals=tables.read("relabel", audit / "relabel.parquet"),
        pictures=Pictures(views, status),
        typical=typical,
        odd=odd,
        fragments=[Path(path) for path in fragments],
        witnesses=witnesses,
        cost=cost,
    )
    order = atlas.families.index.tolist()
    with whole_folder(out) as folder:
        lines = [_page(atlas, family, order, folder) for family in order]
    lines.sort(key=lambda line: (-np.nan_to_num(line["ambiguity_score"], nan=-1), line["family"]))
    unassigned = int((atlas.rows["family"] == UNASSIGNED).sum())
    page = render(
        "atlas.html",
        lines=lines,
        unassigned=unassigned,
        folder=Path(out).name,
        witnesses=witnesses,
        cost=cost,
        root="",
    )
    files.write_text(index, page)
