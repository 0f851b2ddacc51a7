"""Keep the family ids of this map for later ones."""

from glitch_explorer.core.job import logged
from glitch_explorer.map.ids import freeze_reference

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        freeze_reference(snakemake.input.families, snakemake.params.reference)
