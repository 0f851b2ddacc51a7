"""Write a page for each family that labels or a file define, and the page that lists them."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.families.groups import read_groups, write_group_pages

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        groups = read_groups(
            glitches=snakemake.input.glitches,
            segments=snakemake.input.segments,
            map=Path(snakemake.input.families).parent,
            audit=Path(snakemake.input.audit[0]).parent,
            compared=bool(snakemake.input.compared),
            witnesses=snakemake.input.witnesses or None,
            coincidences=snakemake.input.coincidences or None,
            evidence=snakemake.input.evidence or None,
            cost=snakemake.input.cost or None,
            source=snakemake.params.source,
        )
        write_group_pages(groups, out=snakemake.output.pages, index=snakemake.output.index)
