"""Work out what each family costs the search."""

from pathlib import Path

import pandas as pd

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.coupling.schemas import WITNESSES
from glitch_explorer.impact.cost.gather import family_costs, write_costs
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import MINUTES
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.sources.schemas import SEGMENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        settings = CostSettings(**snakemake.params.cost)
        given = snakemake.input
        minutes = [tables.read(MINUTES, path) for path in given.minutes]
        witnesses = given.get("witnesses")
        costs = family_costs(
            tables.read(GLITCHES, given.glitches),
            tables.read(FAMILIES, given.families),
            tables.read(SEGMENTS, given.segments),
            pd.concat(minutes, ignore_index=True),
            witnesses=tables.read(WITNESSES, witnesses) if witnesses else tables.empty(WITNESSES),
            settings=settings,
        )
        write_costs(costs, settings, Path(snakemake.output.cost).parent)
