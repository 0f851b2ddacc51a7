"""Compare the auxiliary triggers, flags and trends of a detector with all families."""

from glitch_explorer.core import files, tables
from glitch_explorer.core.job import logged
from glitch_explorer.coupling.auxiliary.sources import project_auxiliary
from glitch_explorer.coupling.coincidence.scan import Scan
from glitch_explorer.coupling.schemas import COINCIDENCE_SHARES, DETECTOR_COINCIDENCES, HVETO_ROUNDS
from glitch_explorer.coupling.triggers import CoincidenceSettings, couple_triggers
from glitch_explorer.sources.schemas import SEGMENTS

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        scan = dict(snakemake.params.scan)
        source = project_auxiliary(
            **snakemake.params.source, frequency_hz=scan.pop("frequency_hz"), scripts=snakemake.scriptdir
        )
        scan = Scan(**{name: tuple(sorted(values)) for name, values in scan.items()})
        results = couple_triggers(
            snakemake.input.members,
            tables.read(SEGMENTS, snakemake.input.segments),
            ifo=snakemake.wildcards.ifo,
            source=source,
            settings=CoincidenceSettings(scan, **snakemake.params.settings, threads=snakemake.threads),
        )
        tables.write(DETECTOR_COINCIDENCES, results.table, snakemake.output.coincidences)
        tables.write(HVETO_ROUNDS, results.rounds, snakemake.output.rounds)
        tables.write(COINCIDENCE_SHARES, results.shares, snakemake.output.shares)
        files.write_json(snakemake.output.notes, results.notes)
