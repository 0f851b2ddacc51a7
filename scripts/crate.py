"""Describe the results as an RO-Crate, for sharing."""

from datetime import UTC, datetime

from glitch_explorer.core.job import logged
from glitch_explorer.provenance.crate import make_crate

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_crate(snakemake.input.record, snakemake.output.crate, date=datetime.now(UTC).date().isoformat())
