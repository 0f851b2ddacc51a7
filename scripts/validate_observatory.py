"""Compare the results with what the simulated observatory planted."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.encoder import HELD_OUT
from glitch_explorer.validate.report import validate_observatory

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        validate_observatory(
            snakemake.input.truth,
            {name: paths for name, paths in snakemake.input.items() if paths},
            Path(snakemake.output.report).parent,
            unseen=HELD_OUT,
        )
