"""Answer queries with the most similar glitches."""

from pathlib import Path

from glitch_explorer.core.job import logged, project_file
from glitch_explorer.similar.search import find_all

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        wanted = snakemake.params
        strain = None
        if wanted.strain["source"] != "none":
            from glitch_explorer.sources.strain import open_strain  # gwpy, which pictures do not need

            strain = open_strain(**wanted.strain)
        find_all(
            wanted.queries,
            snakemake.output.answers,
            results=Path(snakemake.input.glitches).parents[1],
            k=wanted.found,
            tolerance_s=wanted.tolerance_s,
            weights=snakemake.input.weights or project_file(wanted.weights, snakemake.scriptdir),
            strain=strain,
            threads=snakemake.threads,
        )
