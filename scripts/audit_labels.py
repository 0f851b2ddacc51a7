"""Compare the labels with the families."""

from pathlib import Path

from glitch_explorer.audit.run import make_audit
from glitch_explorer.core.job import logged, project_file

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_audit(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            vectors=snakemake.input.vectors,
            neighbours=snakemake.input.neighbours,
            stability=snakemake.input.stability,
            confusable=project_file(snakemake.params.confusable, snakemake.scriptdir),
            out=Path(snakemake.output[0]).parent,
            sections=snakemake.params.sections,
            seed=snakemake.params.seed,
        )
