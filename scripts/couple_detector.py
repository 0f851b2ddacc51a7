"""Group a detector's channels, and ask which families follow the ground for hours."""

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.coupling.detector import detector_slow_drivers, group_channels
from glitch_explorer.coupling.family import job_source
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS, SLOW_DRIVERS
from glitch_explorer.sources.schemas import SEGMENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        wanted = snakemake.params
        source = job_source(
            wanted,
            safety=snakemake.input.safety,
            scripts=snakemake.scriptdir,
            store_gib=snakemake.config["coupling"]["store_gib"],
        )
        segments = tables.read(SEGMENTS, snakemake.input.segments)
        groups = group_channels(
            tables.read(GLITCHES, snakemake.input.glitches),
            segments,
            ifo=snakemake.wildcards.ifo,
            source=source,
            max_glitches=wanted.max_glitches,
        )
        tables.write(CHANNEL_GROUPS, groups, snakemake.output.groups)
        slow = detector_slow_drivers(
            snakemake.input.members,
            segments,
            ifo=snakemake.wildcards.ifo,
            source=source,
            ground=wanted.ground,
            draws=wanted.slides,
            seed=wanted.seed,
        )
        tables.write(SLOW_DRIVERS, slow, snakemake.output.slow)
