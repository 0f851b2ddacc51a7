"""Write a page for each family, and the page that lists them."""

from pathlib import Path

from glitch_explorer.job import logged
from glitch_explorer.site.atlas import make_atlas

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_atlas(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            audit=Path(snakemake.input.audit[0]).parent,
            views=snakemake.input.views,
            status=snakemake.input.status,
            out=snakemake.output.pages,
            index=snakemake.output.index,
            typical=snakemake.params.typical,
            odd=snakemake.params.odd,
            fragments=snakemake.input.fragments,
            witnesses=snakemake.params.witnesses,
            cost=snakemake.params.cost,
        )
