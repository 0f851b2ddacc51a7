"""Gather the witnesses of all families."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.coupling.witnesses.gather import gather_witnesses

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_witnesses(
            [Path(path).parent for path in snakemake.input.witnesses],
            snakemake.input.groups,
            Path(snakemake.output.witnesses).parent,
            coincidences=snakemake.input.coincidences,
            least_effect=snakemake.params.least_effect,
        )
