"""Predict the detector from the vectors within each family."""

from glitch_explorer.audit.probe import make_probe
from glitch_explorer.core.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_probe(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            vectors=snakemake.input.vectors,
            segments=snakemake.input.segments,
            out=snakemake.output.probe,
            permutations=snakemake.params.permutations,
            seed=snakemake.params.seed,
        )
