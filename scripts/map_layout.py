"""Compute two layouts of the neighbour graph: to plot, and to cluster in."""

from glitch_explorer.core.job import logged
from glitch_explorer.map.run import make_layouts

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_layouts(
            rows=snakemake.input.rows,
            vectors=snakemake.input.vectors,
            neighbours=snakemake.input.neighbours,
            coordinates=snakemake.output.coordinates,
            layout=snakemake.output.layout,
            min_dist=snakemake.params.min_dist,
            n_components=snakemake.params.n_components,
            seed=snakemake.params.seed,
            threads=snakemake.threads,
            engine=snakemake.params.engine,
        )
