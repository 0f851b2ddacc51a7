"""Find the auxiliary channels that witness one family."""

from pathlib import Path

from glitch_explorer.coupling.family import Settings, couple_family, open_source
from glitch_explorer.job import logged, own_file

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        wanted = snakemake.params
        couple_family(
            snakemake.input.members,
            snakemake.input.segments,
            Path(snakemake.output.witnesses).parent,
            source=open_source(
                wanted.source,
                frames=wanted.frames,
                frame_type=wanted.frame_type,
                host=wanted.host,
                lists=[own_file(path, snakemake.scriptdir) for path in wanted.lists],
                safety=[own_file(wanted.shipped, snakemake.scriptdir), *snakemake.input.safety],
                store="results/coupling/store",
                store_gib=snakemake.config["coupling"]["store_gib"],
                bands=wanted.bands,
                strain=wanted.strain,
            ),
            settings=Settings(
                slides=wanted.slides,
                pseudo_families=wanted.pseudo_families,
                max_glitches=wanted.max_glitches,
                seed=wanted.seed,
                threads=snakemake.threads,
            ),
        )
