"""Evaluate encoders on labelled pictures."""

import os
from pathlib import Path

from glitch_explorer.core.job import logged, project_file
from glitch_explorer.embed.device import claimed_device

if __name__ == "__main__":
    with logged(snakemake.log[0]), claimed_device(os.environ) as device:
        # Torch sees only GPUs that are visible when it is imported.
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
