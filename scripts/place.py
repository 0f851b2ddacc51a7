"""Assign the catalogue's glitches to the map of another run."""

from glitch_explorer.core.job import logged, project_file
from glitch_explorer.embed.record import describe_encoder
from glitch_explorer.map.place import make_placed

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        encoder = describe_encoder(
            unit=params.unit,
            backbone=params.backbone,
            weights=snakemake.input.weights or project_file(params.weights, snakemake.scriptdir),
            **params.views,
        )
        make_placed(
            snakemake.input.shards,
            snakemake.input.status,
            snakemake.input.embeddings,
            onto=params.onto,
            out=snakemake.output.placed,
            encoder=encoder,
            false_rate=params.false_rate,
            threads=snakemake.threads,
        )
