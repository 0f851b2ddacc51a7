"""Make families of the labels of the catalogue, or of a file."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.map.groups.run import make_groups

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_groups(
            glitches=snakemake.input.glitches,
            duplicates=snakemake.input.duplicates,
            segments=snakemake.input.segments,
            file=snakemake.input.file or None,
            reference=snakemake.input.reference or None,
            out=Path(snakemake.output.families).parent,
            confidence=snakemake.params.confidence,
            labels=snakemake.params.labels,
            min_size=snakemake.params.min_size,
            unions=snakemake.params.unions,
            tolerance_s=snakemake.params.tolerance_s,
        )
