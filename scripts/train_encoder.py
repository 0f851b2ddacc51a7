"""Train the encoder on simulated glitches, and write its model card."""

import os
from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.embed.device import claimed_device

if __name__ == "__main__":
    with logged(snakemake.log[0]), claimed_device(os.environ) as device:
        # Torch sees only GPUs that are visible when it is imported.
        from glitch_explorer.encoder.card import write_report
        from glitch_explorer.encoder.train import Recipe, train_encoder

        settings = {key: value for key, value in snakemake.params.items() if key != "code"}
        recipe = Recipe(**settings)
        history = train_encoder(
            snakemake.output.weights,
            # A stopped training continues from this folder if code and recipe are the same.
            Path(snakemake.output.weights).parent / "work" / snakemake.params.code[:12],
            recipe=recipe,
            device=device if snakemake.resources.gpu else "cpu",
            threads=snakemake.threads,
        )
        write_report(recipe, history, training=snakemake.output.training, card=snakemake.output.card)
