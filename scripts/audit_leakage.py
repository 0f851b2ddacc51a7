"""Measure whether families follow plotting artefacts."""

from glitch_explorer.audit.leakage import make_leakage
from glitch_explorer.core.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_leakage(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            views=snakemake.input.views,
            out=snakemake.output.leakage,
            unit=snakemake.params.unit,
            permutations=snakemake.params.permutations,
            seed=snakemake.params.seed,
        )
