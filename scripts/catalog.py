"""Write the catalogue and its shards."""

from pathlib import Path

from glitch_explorer.catalog.build import build_catalog
from glitch_explorer.catalog.rules import Rules
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.sources.schemas import EVENTS, SEGMENTS
from glitch_explorer.views.pictures import read_view_length

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        build_catalog(
            kind=params.kind,
            paths=params.paths,
            metadata=params.metadata,
            view_length=read_view_length,
            out=Path(snakemake.output.glitches).parent,
            rules=Rules(
                detectors=params.detectors,
                snr=params.snr,
                peak_frequency_hz=params.peak_frequency_hz,
                gps=params.gps,
                segments=tables.read(SEGMENTS, snakemake.input.segments),
                strain=params.strain,
            ),
            unit=params.unit,
            shard_length_s=params.shard_length_s,
            events=tables.read(EVENTS, snakemake.input.events),
            max_quarantined_share=params.max_quarantined_share,
        )
