"""Stop a run whose families follow plotting artefacts."""

from glitch_explorer.audit.gate import require_no_leakage
from glitch_explorer.core import files
from glitch_explorer.core.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_no_leakage(snakemake.input.leakage)
        files.write_text(snakemake.output.passed, "passed\n")
