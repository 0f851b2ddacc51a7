"""Gather the models of all families: which beat their baseline, and their drivers."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.impact.drivers.gather import gather_drivers

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_drivers(
            [Path(path).parent for path in snakemake.input.drivers],
            snakemake.input.groups,
            skill=snakemake.output.skill,
            drivers=snakemake.output.drivers,
        )
