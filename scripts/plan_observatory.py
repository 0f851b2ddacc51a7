"""Plan the simulated observatory: catalogue, segments, events and the truth."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.observatory.catalog import plan_observatory

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        plan_observatory(
            Path(snakemake.output.catalog).parent,
            detectors=snakemake.params.detectors,
            **snakemake.params.plan,
        )
