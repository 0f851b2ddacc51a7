"""Write the reference from which later maps take their family ids."""

from glitch_explorer.core.job import logged
from glitch_explorer.map.ids import freeze_reference

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        freeze_reference(snakemake.input.families, snakemake.params.reference)
