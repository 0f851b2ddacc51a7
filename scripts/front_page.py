"""Write the front page of the site, and the page that explains each number."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.front.page import FrontFiles, write_front
from glitch_explorer.site.front.provenance import Provenance

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        witnesses, cost = snakemake.input.witnesses, snakemake.input.cost
        write_front(
            paths=FrontFiles(
                glitches=snakemake.input.glitches,
                segments=snakemake.input.segments,
                quarantine=snakemake.input.quarantine,
                duplicates=snakemake.input.duplicates,
                map=Path(snakemake.input.families).parent,
                audit=Path(snakemake.input.audit[0]).parent,
                mapped=snakemake.params.mapped,
                coupling=Path(witnesses).parent if witnesses else None,
                coincidences=snakemake.input.coincidences or None,
                evidence=snakemake.input.evidence or None,
                slow=snakemake.input.slow,
                impact=Path(cost).parent if cost else None,
            ),
            provenance=Provenance(**snakemake.params.provenance),
            figures=snakemake.input.figures,
            out=snakemake.output.figures,
            page=snakemake.output.page,
            methods=snakemake.output.methods,
        )
