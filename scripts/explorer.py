"""Write the interactive map."""

from glitch_explorer.job import logged
from glitch_explorer.site.explorer import make_map_page

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_map_page(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            coordinates=snakemake.input.coordinates,
            neighbours=snakemake.input.neighbours,
            views=snakemake.input.views,
            status=snakemake.input.status,
            out=snakemake.output.assets,
            page=snakemake.output.page,
            witnesses=snakemake.params.witnesses,
            cost=snakemake.params.cost,
        )
