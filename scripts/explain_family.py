"""Fit the models of one family and compute the veto of its best witness."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.coupling.channels.source import project_source
from glitch_explorer.impact.drivers.family import Settings, explain_family

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        store_gib = snakemake.config["coupling"]["store_gib"]  # changes no result
        source = project_source(**snakemake.params.channels, scripts=snakemake.scriptdir, store_gib=store_gib)
        explain_family(
            snakemake.input.members,
            snakemake.input.segments,
            snakemake.input.witnesses,
            Path(snakemake.output.skill).parent,
            source=source,
            settings=Settings(**snakemake.params.settings, threads=snakemake.threads),
        )
