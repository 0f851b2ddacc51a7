"""Write the page of any glitch."""

from glitch_explorer.core.job import logged
from glitch_explorer.site.glitch.files import GlitchFiles
from glitch_explorer.site.glitch.page import write_glitch_page
from glitch_explorer.site.map.gwpy_line import channel_line, gwpy_line

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_glitch_page(
            # What a run without a stage does not have is an empty list, and has a default.
            GlitchFiles(**{name: paths for name, paths in snakemake.input.items() if paths}),
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
