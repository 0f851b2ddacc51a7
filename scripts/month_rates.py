"""Model the rates of a detector's families in the simulated month."""

from pathlib import Path

from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.validate.month_rates import month_rates

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        folder = Path(snakemake.input.truth).parent
        rates = month_rates(folder, snakemake.wildcards.ifo, seed=snakemake.params.seed)
        tables.write(SLOW_DRIVERS, rates, snakemake.output.rates)
