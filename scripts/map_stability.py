"""Measure the stability of each family by reruns on subsamples."""

from glitch_explorer.core.job import logged
from glitch_explorer.map.run import make_stability

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_stability(
            rows=snakemake.input.rows,
            vectors=snakemake.input.vectors,
            neighbours=snakemake.input.neighbours,
            families=snakemake.input.families,
            stability=snakemake.output.stability,
            n_components=snakemake.params.n_components,
            min_cluster_size=snakemake.params.min_cluster_size,
            min_samples=snakemake.params.min_samples,
            cluster_selection=snakemake.params.cluster_selection,
            stability_runs=snakemake.params.stability_runs,
            seed=snakemake.params.seed,
            threads=snakemake.threads,
            engine=snakemake.params.engine,
        )
