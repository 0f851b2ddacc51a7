"""Write the front page of the site."""

from pathlib import Path

from glitch_explorer.job import logged
from glitch_explorer.site.front import make_front

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_front(
            glitches=snakemake.input.glitches,
            segments=snakemake.input.segments,
            quarantine=snakemake.input.quarantine,
            duplicates=snakemake.input.duplicates,
            families=snakemake.input.families,
            quality=snakemake.input.quality,
            audit=Path(snakemake.input.leakage).parent,
            figures=snakemake.input.figures,
            out=snakemake.output.figures,
            page=snakemake.output.page,
            witnesses=snakemake.params.witnesses,
            cost=snakemake.input.cost or None,
            simulated=snakemake.params.simulated,
        )
