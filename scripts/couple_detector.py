"""Group a detector's correlated channels, and test the rate of each family for slow drivers."""

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.coupling.channels.source import project_source
from glitch_explorer.coupling.detector import detector_slow_drivers, group_channels
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS, SLOW_DRIVERS
from glitch_explorer.sources.schemas import SEGMENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        store_gib = snakemake.config["coupling"]["store_gib"]  # changes no result
        source = project_source(**snakemake.params.channels, scripts=snakemake.scriptdir, store_gib=store_gib)
        segments, ifo = tables.read(SEGMENTS, snakemake.input.segments), snakemake.wildcards.ifo
        glitches = tables.read(GLITCHES, snakemake.input.glitches)
        most = snakemake.params.max_glitches
        groups = group_channels(glitches, segments, ifo=ifo, source=source, max_glitches=most)
        tables.write(CHANNEL_GROUPS, groups, snakemake.output.groups)
        members, options = snakemake.input.members, snakemake.params.slow
        slow = detector_slow_drivers(members, segments, groups, ifo=ifo, source=source, **options)
        tables.write(SLOW_DRIVERS, slow, snakemake.output.slow)
