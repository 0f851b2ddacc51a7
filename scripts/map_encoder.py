"""Record the encoder of the map's vectors."""

from glitch_explorer.core.job import logged, project_file
from glitch_explorer.embed.record import describe_encoder, write_encoder

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        encoder = describe_encoder(
            unit=snakemake.params.unit,
            backbone=snakemake.params.backbone,
            weights=snakemake.input.weights or project_file(snakemake.params.weights, snakemake.scriptdir),
            **snakemake.params.views,
        )
        write_encoder(snakemake.output.encoder, encoder)
