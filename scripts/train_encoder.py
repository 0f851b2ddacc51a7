"""Train the encoder on simulated glitches, and write its model card."""

import os
import tempfile
from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.embed.device import claimed_device

if __name__ == "__main__":
    locks = Path(tempfile.gettempdir()) / "glitch-explorer-gpus"
    with logged(snakemake.log[0]), claimed_device(locks, os.environ) as device:
        # Torch sees the GPU that was claimed only if it is imported after the claim.
        from glitch_explorer.encoder.card import write_report
        from glitch_explorer.encoder.train import Recipe, train_encoder

        settings = {key: value for key, value in snakemake.params.items() if key != "code"}
        recipe = Recipe(**settings)
        history = train_encoder(
            snakemake.output.weights,
            # A stopped training goes on from what is here, if the code and the recipe are the same.
            Path(snakemake.output.weights).parent / "work" / snakemake.params.code[:12],
            recipe=recipe,
            device=device if snakemake.resources.gpu else "cpu",
            threads=snakemake.threads,
        )
        write_report(recipe, history, training=snakemake.output.training, card=snakemake.output.card)
