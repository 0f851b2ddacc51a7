"""Write the map as a table for embedding-atlas."""

from glitch_explorer.core.job import logged
from glitch_explorer.export.embedding_atlas import export_embedding_atlas

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        export_embedding_atlas(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            coordinates=snakemake.input.coordinates,
            neighbours=snakemake.input.neighbours,
            suspects=snakemake.input.suspects,
            out=snakemake.output.table,
        )
