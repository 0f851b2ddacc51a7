"""Write the interactive map."""

from glitch_explorer.core.job import logged
from glitch_explorer.site.map.gwpy_line import gwpy_line
from glitch_explorer.site.map.page import write_map_page

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_map_page(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            coordinates=snakemake.input.coordinates,
            neighbours=snakemake.input.neighbours,
            segments=snakemake.input.segments,
            audit_families=snakemake.input.audit_families,
            suspects=snakemake.input.suspects,
            views=snakemake.input.views,
            status=snakemake.input.status,
            out=snakemake.output.assets,
            page=snakemake.output.page,
            pictures=snakemake.params.pictures,
            line=gwpy_line(**snakemake.params.strain),
            witnesses=snakemake.params.witnesses,
            cost=snakemake.params.cost,
        )
