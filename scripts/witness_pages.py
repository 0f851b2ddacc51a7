"""Write the parts of the families' pages about witnesses, and the page of all witnesses."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.coincidences.page import OVERVIEW
from glitch_explorer.site.witnesses.pages import write_witness_pages
from glitch_explorer.site.witnesses.rows import read_coupling

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        triggers = snakemake.input.coincidences
        coupling = read_coupling(
            witnesses=snakemake.input.witnesses,
            notes=snakemake.input.notes,
            groups=snakemake.input.groups,
            slow=snakemake.input.slow,
            evidence=snakemake.input.evidence,
            names=snakemake.input.names or None,
            curves=snakemake.input.curves,
            days=snakemake.input.days,
            pairs=snakemake.input.pairs,
        )
        write_witness_pages(
            coupling,
            calibration=snakemake.input.calibration,
            folders=[Path(path).parent for path in snakemake.input.profiles],
            members=snakemake.input.members,
            out=snakemake.output.pages,
            page=snakemake.output.page,
            pictures=snakemake.output.pictures,
            matrix=snakemake.output.matrix,
            nulls=snakemake.output.nulls,
            dpi=snakemake.params.dpi,
            cost=snakemake.params.cost,
            coincidences=Path(triggers) / OVERVIEW if triggers else None,
        )
