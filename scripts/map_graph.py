"""Gather the vectors of all shards and find each row's neighbours."""

from glitch_explorer.catalog.quarantine import check_views
from glitch_explorer.core.job import logged
from glitch_explorer.map.graph import make_graph

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        check_views(
            snakemake.input.quarantine,
            snakemake.input.shards,
            max_share=snakemake.config["limits"]["quarantined_share"],  # changes no result
        )
        make_graph(
            snakemake.input.shards,
            snakemake.input.status,
            snakemake.input.embeddings,
            rows=snakemake.output.rows,
            vectors=snakemake.output.vectors,
            neighbours=snakemake.output.neighbours,
            unit=snakemake.params.unit,
            n_neighbors=snakemake.params.n_neighbors,
            seed=snakemake.params.seed,
            threads=snakemake.threads,
        )
