"""Write the simulated month of counts and minute trends."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.observatory.month.write import write_month

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_month(
            Path(snakemake.output.truth).parent,
            seed=snakemake.params.seed,
            days=snakemake.params.days,
            detectors=snakemake.params.detectors,
        )
