"""What couplings and impact know of each glitch: gates, vetoes, the range, and SHAP values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.coupling.schemas import EVIDENCE
from glitch_explorer.impact.cost.minutes import minute_of
from glitch_explorer.impact.gates import gate_intervals
from glitch_explorer.impact.schemas import EXCURSIONS, MINUTES, SHAP_VALUES, SKILL, VETOES
from glitch_explorer.site.evidence.rows import evidence_rows
from glitch_explorer.site.glitch.facts import part_of
from glitch_explorer.site.glitch.files import GlitchFiles, read_or_empty
from glitch_explorer.site.numbers import known
from glitch_explorer.site.pages import records

#: Channels of a model that are listed for a glitch, and witnesses of a family in a detector.
CHANNELS, WITNESSES = 10, 8
_MODEL = ["family", "ifo", "view", "model"]


class Veto(NamedTuple):
    """A veto of a family in a detector: its row of table "vetoes", and its segments ``(k, 2)``."""

    row: dict[str, Any]
    segments: Float64


def impact_parts(
    paths: GlitchFiles, rows: pd.DataFrame, number: pd.Series, vetoes: Sequence[Veto], min_gate_s: float
) -> dict[str, pd.DataFrame]:
    """Return gates, excursions, vetoes, the range of the minute, and SHAP values.

    Parameters
    ----------
    paths, rows, number
        As for `facts.map_parts`.
    vetoes
        Of `read_vetoes`.
    min_gate_s
        Shortest half width of a gate in seconds.
    """
    gates = gate_intervals(
        rows["event_time"].to_numpy(dtype=float), rows["duration_s"].to_numpy(dtype=float), min_gate_s
    )
    excursions = tables.read_all(EXCURSIONS, paths.excursions)
    return {
        "gate": gate_part(rows, gates),
        "excursion": part_of(excursions, number, ["peak", "start", "end"]),
        "veto": veto_part(vetoes, rows, gates),
        "minute": minute_part(rows, tables.read_all(MINUTES, paths.minutes)),
        "shap": shap_part(paths, number),
    }


def gate_part(rows: pd.DataFrame, gates: Float64) -> pd.DataFrame:
    """Return the gate of each glitch with a time: `start` and `end`, and how many others cover its time."""
    others = np.zeros(len(rows), dtype=np.int64)
    for places in rows.groupby("ifo").indices.values():
        timed = places[np.isfinite(gates[places, 0])]
        times = rows["event_time"].to_numpy(dtype=float)[timed]
        starts, ends = np.sort(gates[timed, 0]), np.sort(gates[timed, 1])
        # Gates that began, less those that ended before the time, less its own.
        begun = np.searchsorted(starts, times, side="right")
        others[timed] = begun - np.searchsorted(ends, times, side="left") - 1
    part = pd.DataFrame(
        {"number": np.arange(len(rows)), "start": gates[:, 0], "end": gates[:, 1], "others": others}
    )
    return part[np.isfinite(gates[:, 0])]


def _touched(gates: Float64, segments: Float64) -> Bool:
    """Return which gates ``(n, 2)`` share a point with sorted, disjoint segments."""
    first = np.searchsorted(segments[:, 1], gates[:, 0], side="left")
    return np.asarray(np.append(segments[:, 0], np.inf)[first] <= gates[:, 1])


def read_vetoes(paths: GlitchFiles) -> list[Veto]:
    """Read the vetoes of all families that have segments."""
    vetoes = []
    for path, folder in zip(paths.vetoes, paths.veto_files, strict=True):
        table = tables.read(VETOES, path)
        for row in records(table[table["n_segments"] > 0]):
            segments = np.loadtxt(Path(folder) / f"{row['ifo']}-{row['family']}.txt", ndmin=2)
            vetoes.append(Veto(row, segments))
    return vetoes


def veto_part(vetoes: Sequence[Veto], rows: pd.DataFrame, gates: Float64) -> pd.DataFrame:
    """Return the vetoes that take each glitch: those whose segments its gate touches."""
    columns = ["family", "channel", "band", "lag", "efficiency", "deadtime"]
    parts = [pd.DataFrame(columns=["number", *columns])]
    ifo = rows["ifo"].to_numpy()
    for row, segments in vetoes:
        vetoed = np.flatnonzero((ifo == row["ifo"]) & _touched(gates, segments))
        if len(vetoed):
            parts.append(pd.DataFrame({"number": vetoed} | {name: row[name] for name in columns}))
    return pd.concat(parts[1:] or parts).sort_values(["number", "family"])


def veto_channels(vetoes: Sequence[Veto]) -> dict[str, dict[str, str]]:
    """Return the channel that each family's veto is made of, by family and detector."""
    channels: dict[str, dict[str, str]] = {}
    for row, _ in vetoes:
        channels.setdefault(row["family"], {})[row["ifo"]] = row["channel"]
    return channels


def minute_part(rows: pd.DataFrame, minutes: pd.DataFrame) -> pd.DataFrame:
    """Return the range in the minute of each glitch, and the loss."""
    columns = ["live_s", "gated_s", "range_mpc", "reference_mpc", "loss_mpc3_yr", "source"]
    place = pd.DataFrame({"ifo": rows["ifo"], "minute": minute_of(rows["event_time"].to_numpy(dtype=float))})
    joined = place.assign(number=range(len(rows))).merge(minutes, on=["ifo", "minute"])
    return joined[["number", *columns]].sort_values("number")


def shap_part(paths: GlitchFiles, number: pd.Series) -> pd.DataFrame:
    """Return the SHAP values of models that beat their baseline: the channels with the largest.

    Returns
    -------
    DataFrame
        `view`, `model`, `channel`, `shap`, `value`; of each model the first row has `base` too, the value
        that SHAP values are added to, and `rest`, the sum over the channels that are not listed.
    """
    skill = read_or_empty(SKILL, paths.skill)
    beating = skill.loc[skill["beats"], [*_MODEL, "base_value"]]
    values = tables.read_all(SHAP_VALUES, paths.shap)
    values = values.merge(beating, on=_MODEL)
    values["size"] = values["shap"].abs()
    key = ["glitch_id", "family", "view", "model"]
    values = values.sort_values([*key, "size", "channel"], ascending=[True, True, True, True, False, True])
    listed = values.groupby(key).head(CHANNELS)
    rest = values.groupby(key)["shap"].sum() - listed.groupby(key)["shap"].sum()
    listed = listed.merge(rest.rename("rest").reset_index(), on=key)
    listed = listed.rename(columns={"base_value": "base"})
    repeated = listed.duplicated(key)
    listed.loc[repeated, ["base", "rest"]] = np.nan
    return part_of(listed, number, ["view", "model", "channel", "shap", "value", "base", "rest"])


def family_witnesses(paths: GlitchFiles) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return the witnesses of each family and detector, the surest first, without unsafe channels."""
    table = read_or_empty(EVIDENCE, paths.evidence)
    witnesses: dict[str, dict[str, list[dict[str, Any]]]] = {}
    rows = [row for row in evidence_rows(table) if row["safety"] != "unsafe"]
    for row in sorted(rows, key=lambda row: (not row["strong"], row["q_value"], row["channel"])):
        listed = witnesses.setdefault(row["family"], {}).setdefault(row["ifo"], [])
        if len(listed) < WITNESSES:
            main = row["main"]
            shown = {name: row[name] for name in ("kinds", "strong", "safety", "q_value", "at_floor")}
            shown |= {name: main[name] for name in ("efficiency", "deadtime", "kind")}
            shown |= {"name": main["channel"]}
            listed.append({name: value for name, value in shown.items() if known(value)})
    return witnesses
