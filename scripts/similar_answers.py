"""Find the glitches most similar to each query."""

from pathlib import Path

from glitch_explorer.core.job import logged, project_file
from glitch_explorer.similar.search import find_all

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        strain = None
        if params.strain["source"] != "none":
            from glitch_explorer.sources.strain import open_strain  # gwpy, which pictures do not need

            strain = open_strain(**params.strain)
        find_all(
            params.queries,
            snakemake.output.answers,
            results=Path(snakemake.input.glitches).parents[1],
            k=params.found,
            tolerance_s=params.tolerance_s,
            weights=snakemake.input.weights or project_file(params.weights, snakemake.scriptdir),
            strain=strain,
            threads=snakemake.threads,
        )
