"""Write the page of witnesses where there are only auxiliary triggers, flags and trends."""

from glitch_explorer.core.job import logged
from glitch_explorer.site.coincidences.page import write_coincidence_page

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_coincidence_page(
            snakemake.input.pages,
            evidence=snakemake.input.evidence,
            page=snakemake.output.page,
            cost=snakemake.params.cost,
            mapped=snakemake.params.mapped,
        )
