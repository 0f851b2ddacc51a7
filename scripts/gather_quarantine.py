"""Gather the quarantined rows of all stages, and stop above the limit."""

from glitch_explorer.catalog.quarantine import gather_quarantine
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_quarantine(
            [snakemake.input.catalog, *snakemake.input.views],
            snakemake.output.quarantine,
            n_rows=len(tables.read(GLITCHES, snakemake.input.glitches, ["glitch_id"])),
            max_share=snakemake.params.max_share,
        )
