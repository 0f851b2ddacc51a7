"""Say in words and pictures what each family costs and what drives it."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.cost.pages import make_impact_pages

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_impact_pages(
            cost=snakemake.input.cost,
            recoverable=snakemake.input.recoverable,
            by_day=snakemake.input.by_day,
            stability=snakemake.input.stability,
            table=snakemake.input.table,
            report=snakemake.input.report,
            drivers=snakemake.input.drivers or None,
            folders=[Path(path).parent for path in snakemake.input.skill],
            audit_families=snakemake.input.audited,
            out=snakemake.output.pages,
            page=snakemake.output.page,
            assets=snakemake.output.assets,
            vetoes=snakemake.output.vetoes,
            figure=snakemake.output.figure,
            dpi=snakemake.params.dpi,
            witnesses=snakemake.params.witnesses,
        )
