"""List the nearest glitches of every glitch of the map."""

from glitch_explorer.core.job import logged
from glitch_explorer.similar.neighbours import make_neighbours

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_neighbours(
            rows=snakemake.input.rows,
            neighbours=snakemake.input.neighbours,
            out=snakemake.output.neighbours,
        )
