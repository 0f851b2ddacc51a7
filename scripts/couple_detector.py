"""Group a detector's correlated channels, and model the rate of each family by slow drivers."""

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.coupling.channels.source import project_source
from glitch_explorer.coupling.detector import detector_slow_drivers, group_channels
from glitch_explorer.coupling.rates.schemas import RATE_TABLES
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS
from glitch_explorer.sources.schemas import SEGMENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        segments = tables.read(SEGMENTS, snakemake.input.segments)
        source = project_source(
            **params.channels,
            scripts=snakemake.scriptdir,
            store_gib=snakemake.config["coupling"]["store_gib"],  # changes no result
        )
        groups = group_channels(
            tables.read(GLITCHES, snakemake.input.glitches),
            segments,
            ifo=snakemake.wildcards.ifo,
            source=source,
            max_glitches=params.max_glitches,
        )
        rates = detector_slow_drivers(
            snakemake.input.members,
            segments,
            groups,
            ifo=snakemake.wildcards.ifo,
            source=source,
            ground=params.ground,
            seed=params.seed,
        )
        tables.write(CHANNEL_GROUPS, groups, snakemake.output.groups)
        for schema, table, path in zip(RATE_TABLES, rates, snakemake.output[1:], strict=True):
            tables.write(schema, table, path)
