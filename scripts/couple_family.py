"""Find the auxiliary channels that witness one family."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.coupling.family import Settings, couple_family, job_source

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        wanted = snakemake.params
        couple_family(
            snakemake.input.members,
            snakemake.input.segments,
            Path(snakemake.output.witnesses).parent,
            source=job_source(
                wanted,
                safety=snakemake.input.safety,
                scripts=snakemake.scriptdir,
                store_gib=snakemake.config["coupling"]["store_gib"],
            ),
            settings=Settings(
                slides=wanted.slides,
                pseudo_families=wanted.pseudo_families,
                max_glitches=wanted.max_glitches,
                seed=wanted.seed,
                threads=snakemake.threads,
            ),
        )
