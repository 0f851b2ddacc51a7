"""Write the analysis segments of all detectors."""

from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.sources.segments import read_segments

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        start, end = snakemake.params.gps
        segments = read_segments(
            files=snakemake.input.files,
            flags=snakemake.params.flags,
            detectors=snakemake.params.detectors,
            start=start,
            end=end,
        )
        tables.write(SEGMENTS, segments, snakemake.output.segments)
