"""Fetch a record of Zenodo."""

import shutil

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.job import logged
from glitch_explorer.sources.download import download_record

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        wanted = snakemake.params
        if wanted.record is None:
            raise UserError("nothing to download: name a Zenodo record under `download.record` in the config")
        manifest = download_record(
            record=wanted.record, files=wanted.files or None, folder=wanted.folder, unpack=wanted.unpack
        )
        shutil.copyfile(manifest, snakemake.output.manifest)
