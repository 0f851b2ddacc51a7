"""Find the glitches most similar to each query."""

from pathlib import Path

from glitch_explorer.core.job import logged, project_file
from glitch_explorer.similar.search import find_all
from glitch_explorer.views.shard import open_optional_strain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        find_all(
            params.queries,
            snakemake.output.answers,
            results=Path(snakemake.input.glitches).parents[1],
            k=params.n_results,
            tolerance_s=params.tolerance_s,
            weights=snakemake.input.weights or project_file(params.weights, snakemake.scriptdir),
            strain=open_optional_strain(**params.strain),
            threads=snakemake.threads,
        )
