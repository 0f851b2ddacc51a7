"""Download a record of Zenodo."""

import shutil

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.job import logged
from glitch_explorer.sources.download import download_record

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = snakemake.params
        if params.record is None:
            raise UserError("nothing to download: set `download.record` in the config to a Zenodo record")
        manifest = download_record(
            record=params.record, files=params.files or None, folder=params.folder, unpack=params.unpack
        )
        shutil.copyfile(manifest, snakemake.output.manifest)
