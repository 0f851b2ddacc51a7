"""Compare what the simulated observatory planted with what was found."""

from pathlib import Path

from glitch_explorer.core.job import logged
from glitch_explorer.encoder import HELD_OUT
from glitch_explorer.validate.compare import validate_observatory
from glitch_explorer.validate.couplings import CouplingFiles
from glitch_explorer.validate.impact import ImpactFiles

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        found = snakemake.input
        coupling = impact = None
        if "witnesses" in found.keys():  # noqa: SIM118 - not a dict
            coupling = CouplingFiles(found.witnesses, found.calibration, found.slow_drivers, found.scattering)
        if "drivers" in found.keys():  # noqa: SIM118
            impact = ImpactFiles(found.drivers, found.cost, found.skill)
        validate_observatory(
            truth=found.truth,
            catalog=found.catalog,
            duplicates=found.duplicates,
            quarantine=found.quarantine,
            families=found.families,
            stability=found.stability,
            probe=found.probe,
            suspects=found.suspects,
            leakage=found.leakage,
            relabel=found.relabel,
            unseen=HELD_OUT,
            coupling=coupling,
            impact=impact,
            out=Path(snakemake.output.report).parent,
        )
