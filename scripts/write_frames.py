"""Write the strain frames of one detector of the simulated observatory."""

from glitch_explorer.core.job import logged
from glitch_explorer.observatory.frames import write_frames

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_frames(
            ifo=snakemake.wildcards.ifo,
            out=snakemake.output.frames,
            detectors=snakemake.params.detectors,
            **snakemake.params.plan,
        )
