"""Embed the views of one shard."""

import os
from dataclasses import asdict

from glitch_explorer.core.files import write_json
from glitch_explorer.core.job import logged, project_file
from glitch_explorer.embed.device import claimed_device

if __name__ == "__main__":
    with logged(snakemake.log[0]), claimed_device(os.environ) as device:
        # Torch sees only GPUs that are visible when it is imported.
        from glitch_explorer.embed.shard import embed_shard

        used = embed_shard(
            snakemake.input.views,
            snakemake.input.status,
            snakemake.output.embeddings,
            backbone=snakemake.params.backbone,
            weights=snakemake.input.weights or project_file(snakemake.params.weights, snakemake.scriptdir),
            precision=snakemake.params.precision,
            device=device if snakemake.resources.gpu else "cpu",
            threads=snakemake.threads,
        )
        write_json(snakemake.output.used, asdict(used))
