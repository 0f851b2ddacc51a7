"""The atlas: a page for each family, and the page that lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, GRADIENTS, POSITIONS, PROBE, RELABEL, SUSPECTS
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.families.page import Atlas, write_family_page
from glitch_explorer.site.pages import render
from glitch_explorer.site.pictures import Pictures

_COLUMNS = ["ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "label", "run"]


@dataclass(frozen=True)
class AtlasInputs:
    """The files that the atlas is made from."""

    #: Tables of these names.
    glitches: str | Path
    families: str | Path
    #: Folder with the audit's tables families, gradients, positions, suspects, relabel and probe.
    audit: str | Path
    #: Arrays and tables "views" of all shards, in the same order.
    views: Sequence[str | Path]
    status: Sequence[str | Path]
    #: Folders of `make_witness_pages` and `write_impact_pages`; None where the stage was not run.
    witnesses: str | Path | None
    cost: str | Path | None

    def read(self, *, typical: int, odd: int) -> Atlas:
        """Read all tables."""
        audit = Path(self.audit)
        return Atlas(
            rows=map_rows(self.glitches, self.families, _COLUMNS),
            families=tables.read(AUDIT_FAMILIES, audit / "families.parquet").set_index("family"),
            gradients=tables.read(GRADIENTS, audit / "gradients.parquet"),
            positions=tables.read(POSITIONS, audit / "positions.parquet"),
            suspects=tables.read(SUSPECTS, audit / "suspects.parquet"),
            proposals=tables.read(RELABEL, audit / "relabel.parquet"),
            probe=tables.read(PROBE, audit / "probe.parquet"),
            pictures=Pictures(self.views, self.status),
            typical=typical,
            odd=odd,
            witnesses=Path(self.witnesses) if self.witnesses else None,
            cost=Path(self.cost) if self.cost else None,
        )


def make_atlas(inputs: AtlasInputs, *, out: str | Path, index: str | Path, typical: int, odd: int) -> None:
    """Write the atlas: a page and pictures for each family, and the page that lists them.

    Parameters
    ----------
    inputs : AtlasInputs
        Files.
    out : path
        Folder of the families' pages, replaced as a whole; its parent is the site.
    index : path
        Page that lists the families, beside the folder.
    typical, odd : int
        Members shown of each kind.
    """
    atlas = inputs.read(typical=typical, odd=odd)
    with files.whole_folder(out) as folder:
        lines = [write_family_page(atlas, family, folder) for family in atlas.order]
    lines.sort(key=lambda line: (-np.nan_to_num(line["ambiguity_score"], nan=-1), line["family"]))
    unassigned = int((atlas.rows["family"] == UNASSIGNED).sum())
    page = render(
        "families/atlas.html", lines=lines, unassigned=unassigned, folder=Path(out).name, **atlas.has, root=""
    )
    files.write_text(index, page)
