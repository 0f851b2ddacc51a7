"""Draw the figures of the map and of the audit."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.figures import draw_figures

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        draw_figures(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            coordinates=snakemake.input.coordinates,
            audit=Path(snakemake.input.leakage).parent,
            views=snakemake.input.views,
            status=snakemake.input.status,
            out=Path(snakemake.output[0]).parent,
            dpi=snakemake.params.dpi,
            assigned=snakemake.params.assigned,
            unassigned=snakemake.params.unassigned,
        )
