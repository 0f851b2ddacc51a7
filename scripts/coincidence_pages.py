"""Write the parts of pages about auxiliary triggers, flags and trends."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.coincidences.pages import write_coincidence_pages

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_coincidence_pages(
            Path(snakemake.input.coincidences).parent,
            families=[Path(path).stem for path in snakemake.input.members],
            names=snakemake.input.names or None,
            out=snakemake.output.pages,
        )
