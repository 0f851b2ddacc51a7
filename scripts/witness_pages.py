"""Write the parts of the families' pages about witnesses, and the page of all witnesses."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.witnesses.pages import WitnessInputs, write_witness_pages

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_witness_pages(
            WitnessInputs(
                witnesses=snakemake.input.witnesses,
                calibration=snakemake.input.calibration,
                notes=snakemake.input.notes,
                folders=[Path(path).parent for path in snakemake.input.profiles],
                members=snakemake.input.members,
                groups=snakemake.input.groups,
                slow=snakemake.input.slow,
            ),
            out=snakemake.output.pages,
            page=snakemake.output.page,
            pictures=snakemake.output.pictures,
            matrix=snakemake.output.matrix,
            nulls=snakemake.output.nulls,
            dpi=snakemake.params.dpi,
            cost=snakemake.params.cost,
        )
