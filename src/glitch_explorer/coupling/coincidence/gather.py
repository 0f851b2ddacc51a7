"""Coincidences of all detectors together: q-values."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.coupling.schemas import (
    ALPHA,
    COINCIDENCE_SHARES,
    COINCIDENCES,
    DETECTOR_COINCIDENCES,
    FAMILY_WITNESSES,
    HVETO_ROUNDS,
)
from glitch_explorer.coupling.witnesses.p_values import joint_q_values


def coincidence_table(table: pd.DataFrame, witnesses: pd.DataFrame, *, least_effect: float) -> pd.DataFrame:
    """Add q-values to the coincidences of all families and detectors.

    Parameters
    ----------
    table
        Table "detector_coincidences" of all detectors.
    witnesses
        Table "family_witnesses" of all families; empty where no channels are read.
    least_effect
        Excess efficiency below which a witness is weak.

    Returns
    -------
    DataFrame
        Table "coincidences", by family, detector and T, unsafe channels last. The q-value is over all pairs
        of family and detector, with all kinds together, and is corrected for the test of the
        same families against channels that are read (`witnesses.p_values.joint_q_values`).
    """
    table = table.assign(q_value=joint_q_values(table, witnesses))
    effect, low = (table[name].to_numpy(dtype=float) for name in ("channel_excess", "channel_excess_low"))
    table["strong"] = (table["q_value"] <= ALPHA) & (effect >= least_effect) & (low > 0)
    ranked = table["p_fwer"].notna()
    order = np.lexsort((table["channel"], -table["t_statistic"], ~ranked, table["ifo"], table["family"]))
    ordered: pd.DataFrame = table.iloc[order].reset_index(drop=True)[COINCIDENCES.names]
    return ordered


def gather_coincidences(
    coincidences: Sequence[str | Path],
    rounds: Sequence[str | Path],
    shares: Sequence[str | Path],
    notes: Sequence[str | Path],
    out: str | Path,
    *,
    witnesses: Sequence[str | Path],
    least_effect: float,
) -> None:
    """Gather the coincidences of all detectors.

    Parameters
    ----------
    coincidences, rounds, shares
        Tables "detector_coincidences", "hveto_rounds" and "coincidence_shares" of the detectors.
    notes
        Their notes (`triggers.DetectorCoincidences`); a file has the name of its detector.
    out
        Folder for coincidences.parquet, hveto_rounds.parquet, coincidence_shares.parquet and
        coincidence_notes.json, the notes by detector.
    witnesses
        Tables "family_witnesses" of the families, none where no channels are read.
    least_effect
        Excess efficiency below which a witness is weak.

    Raises
    ------
    UserError
        When no detector with glitches has a channel.
    """
    folder = Path(out)
    by_ifo = {Path(path).stem: json.loads(Path(path).read_text(encoding="utf-8")) for path in notes}
    with_glitches = [ifo for ifo, note in by_ifo.items() if note["families"]]
    if with_glitches and not any(by_ifo[ifo]["channels"] for ifo in with_glitches):
        raise UserError(
            "coupling.triggers, coupling.flags and coupling.trends have no channel of a detector with "
            f"glitches, {', '.join(with_glitches)}: correct the paths or the detectors"
        )
    joined = tables.read_all(DETECTOR_COINCIDENCES, coincidences)
    read = tables.read_all(FAMILY_WITNESSES, witnesses)
    table = coincidence_table(joined, read, least_effect=least_effect)
    tables.write(COINCIDENCES, table, folder / "coincidences.parquet")
    tables.write(HVETO_ROUNDS, tables.read_all(HVETO_ROUNDS, rounds), folder / "hveto_rounds.parquet")
    part = tables.read_all(COINCIDENCE_SHARES, shares)
    tables.write(COINCIDENCE_SHARES, part, folder / "coincidence_shares.parquet")
    files.write_json(folder / "coincidence_notes.json", by_ifo)
