"""Count the labels in families that labels or a file define."""

from pathlib import Path

from glitch_explorer.audit.groups import make_group_audit
from glitch_explorer.core.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        make_group_audit(
            glitches=snakemake.input.glitches,
            families=snakemake.input.families,
            unions=snakemake.input.unions,
            names=snakemake.input.names,
            out=Path(snakemake.output.families).parent,
        )
