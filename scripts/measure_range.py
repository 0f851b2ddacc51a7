"""Measure a detector's BNS range minute by minute."""

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.impact.cost.ranges import measure_minutes
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import MINUTES
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.sources.strain import open_strain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        minutes = measure_minutes(
            tables.read(GLITCHES, snakemake.input.glitches),
            tables.read(SEGMENTS, snakemake.input.segments),
            ifo=snakemake.wildcards.ifo,
            source=open_strain(**snakemake.params.source),
            range_channel=snakemake.params.range_channel,
            settings=CostSettings(**snakemake.params.gates),
        )
        tables.write(MINUTES, minutes, snakemake.output.minutes)
