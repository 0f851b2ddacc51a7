"""Gather the drivers of all families, by groups of correlated channels."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.impact.drivers.gather import gather_drivers

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_drivers(
            [Path(path).parent for path in snakemake.input.drivers],
            snakemake.input.groups,
            snakemake.output.drivers,
        )
