"""Write the audit page: labels against families, suspect labels, leakage test, detector probe."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.audit.page import write_audit_page

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_audit_page(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            audit=Path(snakemake.input.leakage).parent,
            figure=snakemake.input.figure,
            views=snakemake.input.views,
            status=snakemake.input.status,
            out=snakemake.output.assets,
            page=snakemake.output.page,
            witnesses=snakemake.params.witnesses,
            cost=snakemake.params.cost,
        )
