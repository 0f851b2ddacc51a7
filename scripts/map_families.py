"""Find the families, name them, write their member files and measure the map."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.map.run import make_families, make_members, make_quality

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_families(
            rows=snakemake.input.rows,
            neighbours=snakemake.input.neighbours,
            layout=snakemake.input.layout,
            families=snakemake.output.families,
            ids=snakemake.output.ids,
            tree=snakemake.output.tree,
            min_cluster_size=snakemake.params.min_cluster_size,
            min_samples=snakemake.params.min_samples,
            cluster_selection=snakemake.params.cluster_selection,
            reference=snakemake.input.reference or None,
            engine=snakemake.params.engine,
        )
        make_members(
            families=snakemake.output.families,
            glitches=snakemake.input.glitches,
            segments=snakemake.input.segments,
            members=Path(snakemake.output.families).parent / "members",
        )
        make_quality(
            rows=snakemake.input.rows,
            vectors=snakemake.input.vectors,
            neighbours=snakemake.input.neighbours,
            coordinates=snakemake.input.coordinates,
            families=snakemake.output.families,
            glitches=snakemake.input.glitches,
            quality=snakemake.output.quality,
            seed=snakemake.params.seed,
        )
