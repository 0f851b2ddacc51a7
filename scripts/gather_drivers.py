"""Gather the drivers of all families, by groups of correlated channels."""

from pathlib import Path

from glitch_explorer.impact.drivers import gather_drivers
from glitch_explorer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_drivers(
            [Path(path).parent for path in snakemake.input.drivers],
            snakemake.input.groups,
            snakemake.output.drivers,
        )
