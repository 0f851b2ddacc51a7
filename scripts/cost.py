"""Compute what each family costs the search."""

from pathlib import Path

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.coupling.schemas import COINCIDENCES, WITNESSES
from glitch_explorer.impact.cost.gather import family_costs, write_costs
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import EXCURSIONS, MINUTES
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.sources.schemas import SEGMENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        settings = CostSettings(**snakemake.params.cost)
        costs = family_costs(
            tables.read(GLITCHES, snakemake.input.glitches),
            tables.read(FAMILIES, snakemake.input.families),
            tables.read(SEGMENTS, snakemake.input.segments),
            tables.read_all(MINUTES, snakemake.input.minutes),
            witnesses=tables.read_all(WITNESSES, snakemake.input.witnesses),
            settings=settings,
            coincidences=tables.read_all(COINCIDENCES, snakemake.input.coincidences),
            excursions=tables.read_all(EXCURSIONS, snakemake.input.excursions),
        )
        write_costs(costs, settings, Path(snakemake.output.cost).parent)
