"""Decode or Q-scan the views of one shard."""

from glitch_explorer.core.job import logged
from glitch_explorer.views.shard import make_views, open_optional_strain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        make_views(
            snakemake.input.shard,
            out=snakemake.output.views,
            status_out=snakemake.output.status,
            quarantine_out=snakemake.output.quarantine,
            height=params.height,
            width=params.width,
            crop=params.crop,
            strain=open_optional_strain(**params.strain),
        )
