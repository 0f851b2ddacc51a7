"""Make the table of glitches and its shards."""

from pathlib import Path

from glitch_explorer.catalog.build import build_catalog
from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.sources.schemas import EVENTS, SEGMENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        wanted = snakemake.params
        build_catalog(
            kind=wanted.kind,
            paths=wanted.paths,
            metadata=wanted.metadata,
            out=Path(snakemake.output.glitches).parent,
            detectors=wanted.detectors,
            unit=wanted.unit,
            snr=wanted.snr,
            peak_frequency_hz=wanted.peak_frequency_hz,
            gps=wanted.gps,
            shard_length_s=wanted.shard_length_s,
            segments=tables.read(SEGMENTS, snakemake.input.segments),
            events=tables.read(EVENTS, snakemake.input.events),
            max_quarantined_share=wanted.max_quarantined_share,
        )
