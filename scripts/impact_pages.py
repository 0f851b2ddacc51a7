"""Write the cost ranking, and each family's costs and drivers for its page."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.cost.impact_pages import write_impact_pages

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_impact_pages(
            impact=Path(snakemake.input.cost).parent,
            skill=snakemake.input.skill or None,
            drivers=snakemake.input.drivers or None,
            folders=[Path(path).parent for path in snakemake.input.values],
            audit_families=snakemake.input.audited,
            unions=snakemake.input.unions or None,
            out=snakemake.output.pages,
            page=snakemake.output.page,
            assets=snakemake.output.assets,
            vetoes=snakemake.output.vetoes,
            figure=snakemake.output.figure,
            dpi=snakemake.params.dpi,
            witnesses=snakemake.params.witnesses,
        )
