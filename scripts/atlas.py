"""Write a page for each family, and the page that lists them."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.families.atlas import read_atlas, write_atlas

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        atlas = read_atlas(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            audit=Path(snakemake.input.audit[0]).parent,
            views=snakemake.input.views,
            status=snakemake.input.status,
            compared=bool(snakemake.input.compared),
            witnesses=snakemake.input.witnesses or None,
            coincidences=snakemake.input.coincidences or None,
            evidence=snakemake.input.evidence or None,
            cost=snakemake.input.cost or None,
            typical=snakemake.params.typical,
            odd=snakemake.params.odd,
        )
        write_atlas(atlas, out=snakemake.output.pages, index=snakemake.output.index)
