"""Record from which inputs, config, code and versions the results came."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.provenance.record import make_record

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_record(
            snakemake.output.record,
            config=snakemake.params.config,
            inputs=snakemake.params.files,
            results=snakemake.input.tables,
            encoder=snakemake.input.encoder or None,
            used=snakemake.input.used,
            codes=snakemake.params.codes,
            lock=snakemake.params.lock,
            project=Path(snakemake.scriptdir).parent,
        )
