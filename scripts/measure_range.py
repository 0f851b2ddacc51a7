"""Measure a detector's BNS range minute by minute, and the whitened strain at its glitches."""

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.impact.cost.excursions import measure_excursions
from glitch_explorer.impact.cost.ranges import measure_minutes
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import EXCURSIONS, MINUTES
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.sources.strain import open_strain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        glitches = tables.read(GLITCHES, snakemake.input.glitches)
        segments = tables.read(SEGMENTS, snakemake.input.segments)
        ifo, settings = snakemake.wildcards.ifo, CostSettings(**snakemake.params.gates)
        minutes = measure_minutes(
            glitches,
            segments,
            ifo=ifo,
            source=open_strain(**snakemake.params.source),
            range_channel=snakemake.params.range_channel,
            settings=settings,
        )
        excursions = tables.empty(EXCURSIONS)
        if snakemake.params.strain:
            strain = open_strain(**snakemake.params.strain)
            excursions = measure_excursions(glitches, segments, ifo=ifo, strain=strain, settings=settings)
        tables.write(MINUTES, minutes, snakemake.output.minutes)
        tables.write(EXCURSIONS, excursions, snakemake.output.excursions)
