"""Gather the witnesses of all families."""

from pathlib import Path

from glitch_explorer.coupling.gather import gather_witnesses
from glitch_explorer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_witnesses(
            [Path(path).parent for path in snakemake.input.witnesses],
            snakemake.input.groups,
            Path(snakemake.output.witnesses).parent,
        )
