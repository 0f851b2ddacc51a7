"""Evaluate encoders on labelled pictures."""

import os
import tempfile
from pathlib import Path

from glitch_explorer.core.job import logged, project_file
from glitch_explorer.embed.device import claimed_device

if __name__ == "__main__":
    locks = Path(tempfile.gettempdir()) / "glitch-explorer-gpus"
    with logged(snakemake.log[0]), claimed_device(locks, os.environ) as device:
        # Torch sees the GPU that was claimed only if it is imported after the claim.
        from glitch_explorer.evaluate.run import evaluate

        params = snakemake.params
        evaluate(
            params.pictures,
            [(backbone, project_file(weights, snakemake.scriptdir)) for backbone, weights in params.encoders],
            confusable=project_file(params.confusable, snakemake.scriptdir),
            out=Path(snakemake.output.evaluation).parent,
            height=params.height,
            width=params.width,
            precision=params.precision,
            device=device if snakemake.resources.gpu else "cpu",
            threads=snakemake.threads,
            untrained=params.untrained,
            draws=params.draws,
            seed=params.seed,
        )
