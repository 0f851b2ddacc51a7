"""Work out what each family costs the search."""

from pathlib import Path

import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.impact.cost.gather import family_costs, write_costs
from glitch_explorer.impact.cost.settings import CostSettings

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        settings = CostSettings(**snakemake.params.cost)
        given = snakemake.input
        minutes = [tables.read("minutes", path) for path in given.minutes]
        witnesses = given.get("witnesses")
        costs = family_costs(
            tables.read("glitches", given.glitches),
            tables.read("families", given.families),
            tables.read("segments", given.segments),
            pd.concat(minutes, ignore_index=True),
            witnesses=tables.read("witnesses", witnesses) if witnesses else tables.empty("witnesses"),
            settings=settings,
        )
        write_costs(costs, settings, Path(snakemake.output.cost).parent)
