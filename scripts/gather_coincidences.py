"""Gather the coincidences of all detectors."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.coupling.coincidence.gather import gather_coincidences

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_coincidences(
            snakemake.input.coincidences,
            snakemake.input.rounds,
            snakemake.input.shares,
            snakemake.input.notes,
            Path(snakemake.output.coincidences).parent,
            witnesses=snakemake.input.witnesses,
            least_effect=snakemake.params.least_effect,
        )
