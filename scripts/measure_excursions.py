"""Measure the whitened strain at a detector's glitches."""

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.impact.cost.excursions import measure_excursions
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import EXCURSIONS
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.sources.strain import open_strain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        excursions = measure_excursions(
            tables.read(GLITCHES, snakemake.input.glitches),
            tables.read(SEGMENTS, snakemake.input.segments),
            ifo=snakemake.wildcards.ifo,
            strain=open_strain(**snakemake.params.strain),
            settings=CostSettings(**snakemake.params.gates),
        )
        tables.write(EXCURSIONS, excursions, snakemake.output.excursions)
