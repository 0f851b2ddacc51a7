"""Compare what the simulated observatory planted with what was found."""

from pathlib import Path

from glitch_explorer.encoder import HELD_OUT
from glitch_explorer.job import logged
from glitch_explorer.validate.compare import validate_observatory
from glitch_explorer.validate.couplings import CouplingFiles

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        coupling = None
        if "witnesses" in snakemake.input.keys():  # noqa: SIM118 - not a dict
            coupling = CouplingFiles(
                witnesses=snakemake.input.witnesses,
                calibration=snakemake.input.calibration,
                slow_drivers=snakemake.input.slow_drivers,
                scattering=snakemake.input.scattering,
            )
        validate_observatory(
            truth=snakemake.input.truth,
            catalog=snakemake.input.catalog,
            duplicates=snakemake.input.duplicates,
            quarantine=snakemake.input.quarantine,
            families=snakemake.input.families,
            stability=snakemake.input.stability,
            probe=snakemake.input.probe,
            suspects=snakemake.input.suspects,
            leakage=snakemake.input.leakage,
            relabel=snakemake.input.relabel,
            unseen=HELD_OUT,
            coupling=coupling,
            out=Path(snakemake.output.report).parent,
        )
