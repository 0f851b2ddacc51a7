"""Join the evidence of each base channel that is a witness."""

from glitch_explorer.core.job import logged
from glitch_explorer.coupling.evidence import gather_evidence

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        gather_evidence(
            snakemake.output.evidence,
            witnesses=snakemake.input.witnesses or None,
            coincidences=snakemake.input.coincidences or None,
        )
