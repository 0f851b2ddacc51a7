"""Decode or Q-scan the views of one shard."""

from glitch_explorer.core.job import logged
from glitch_explorer.views.shard import make_views

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        strain = None
        if params.strain["source"] != "none":
            from glitch_explorer.sources.strain import open_strain  # gwpy, which pictures do not need

            strain = open_strain(**params.strain)
        make_views(
            snakemake.input.shard,
            out=snakemake.output.views,
            status_out=snakemake.output.status,
            quarantine_out=snakemake.output.quarantine,
            height=params.height,
            width=params.width,
            crop=params.crop,
            strain=strain,
        )
