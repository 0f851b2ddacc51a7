"""Write the page that compares the results with what was planted."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.validate.page import write_validation_page

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_validation_page(
            Path(snakemake.input.report).parent,
            snakemake.output.page,
            witnesses=snakemake.params.witnesses,
            cost=snakemake.params.cost,
        )
