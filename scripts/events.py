"""Write the times of astrophysical signals and hardware injections."""

from glitch_explorer.core import tables
from glitch_explorer.core.job import logged
from glitch_explorer.sources.events import read_events
from glitch_explorer.sources.schemas import EVENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        start, end = snakemake.params.gps
        events = read_events(
            files=snakemake.input.files,
            gwosc=snakemake.params.gwosc,
            detectors=snakemake.params.detectors,
            start=start,
            end=end,
        )
        tables.write(EVENTS, events, snakemake.output.events)
