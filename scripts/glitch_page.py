"""Write the page of any glitch."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.site.glitch.files import GlitchFiles
from glitch_explorer.site.glitch.page import write_glitch_page
from glitch_explorer.site.map.gwpy_line import channel_line, gwpy_line

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_glitch_page(
            GlitchFiles(
                glitches=snakemake.input.glitches,
                segments=snakemake.input.segments,
                events=snakemake.input.events,
                quarantine=snakemake.input.quarantine,
                duplicates=snakemake.input.duplicates,
                families=snakemake.input.families,
                audit_families=snakemake.input.audit_families,
                neighbours=snakemake.input.neighbours or None,
                suspects=snakemake.input.suspects or None,
                proposals=snakemake.input.proposals or None,
                views=snakemake.input.views,
                status=snakemake.input.status,
                evidence=snakemake.input.evidence or None,
                fringes=snakemake.input.fringes,
                minutes=snakemake.input.minutes,
                excursions=snakemake.input.excursions,
                skill=snakemake.input.skill or None,
                models=[Path(path).parent for path in snakemake.input.values],
            ),
            out=snakemake.output.assets,
            page=snakemake.output.page,
            pictures=snakemake.params.pictures,
            lines={
                "strain": gwpy_line(**snakemake.params.strain),
                "channel": channel_line(**snakemake.params.channels),
            },
            gates=snakemake.params.gates,
            has=snakemake.params.has,
        )
