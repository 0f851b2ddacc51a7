"""Turn the views of one shard into vectors."""

import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from glitch_explorer.core.files import write_json
from glitch_explorer.core.job import logged, project_file
from glitch_explorer.embed.device import claimed_device

if __name__ == "__main__":
    locks = Path(tempfile.gettempdir()) / "glitch-explorer-gpus"
    with logged(snakemake.log[0]), claimed_device(locks, os.environ) as device:
        # Torch sees the GPU that was claimed only if it is imported after the claim.
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
