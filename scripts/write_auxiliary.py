"""Write the auxiliary channels of one detector of the simulated observatory."""

from glitch_explorer.core.job import logged
from glitch_explorer.observatory.auxiliary import write_auxiliary

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_auxiliary(
            ifo=snakemake.wildcards.ifo,
            out=snakemake.output.frames,
            detectors=snakemake.params.detectors,
            **snakemake.params.plan,
        )
