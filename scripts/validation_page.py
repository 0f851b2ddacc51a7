"""Write the page that holds what was planted against what was found."""

from glitch_explorer.core.job import logged
from glitch_explorer.validate.page import make_validation_page

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_validation_page(
            report=snakemake.input.report,
            couplings=snakemake.input.couplings,
            drivers=snakemake.input.drivers,
            costs=snakemake.input.costs,
            page=snakemake.output.page,
            witnesses=snakemake.params.witnesses,
            cost=snakemake.params.cost,
        )
