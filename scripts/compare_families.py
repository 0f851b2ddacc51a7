"""Compare the families with those of a file."""

from glitch_explorer.audit.compare import compare_families
from glitch_explorer.core.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        compare_families(
            glitches=snakemake.input.glitches,
            duplicates=snakemake.input.duplicates,
            families=snakemake.input.families,
            file=snakemake.input.file,
            tolerance_s=snakemake.params.tolerance_s,
            out=snakemake.output.compared,
            agreement_out=snakemake.output.agreement,
        )
