"""Witnesses by base channel: what samples, triggers, segments and trends of one channel show together.

Names in the two tables of witnesses mean the same base channel where they differ in suffix or punctuation
only: `L1:PEM-EX_ACC_DQ`, `L1:PEM-EX_ACC_DQ.rms,m-trend`, and `L1:PEM_EX_ACC` of a file of triggers. The
q-values are those of the tables. A channel's p is family-wise over all channels, so that grouping channels
adds no tests.
See docs/explanation/methods.md#q-value.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.channels import base_channel
from glitch_explorer.coupling.auxiliary.safety import data_key
from glitch_explorer.coupling.schemas import (
    ALPHA,
    COINCIDENCES,
    EVIDENCE,
    EVIDENCE_KINDS,
    RAW,
    WITNESSES,
)
from glitch_explorer.coupling.witnesses.gather import is_significant, speaking

#: What a row is about: a base channel, by its `data_key`, and a family in a detector.
_KEY = ["family", "ifo", "key"]
_EFFECT = ["excess", "excess_low", "excess_high"]
#: From the best name to the worst.
_SAFETIES = ("safe", "unknown", "unsafe")
#: Columns of the two tables that have another name here. In both the effect is that of the channel.
_OF_SAMPLES = {"excess_efficiency": "excess", "t_peak": "t_statistic"}
_OF_COINCIDENCES = {
    "channel_excess": "excess",
    "channel_excess_low": "excess_low",
    "channel_excess_high": "excess_high",
}


def evidence_table(witnesses: pd.DataFrame, coincidences: pd.DataFrame) -> pd.DataFrame:
    """Join the evidence of each base channel that is a witness by at least one kind.

    Parameters
    ----------
    witnesses, coincidences
        Tables "witnesses" and "coincidences"; empty where that kind was not tested.

    Returns
    -------
    DataFrame
        Table "evidence", by family and detector, strong witnesses and large effects first.

    Raises
    ------
    ValueError
        When a kind of table "coincidences" is not in `EVIDENCE_KINDS`.
    """
    parts = [part for part in (_of_samples(witnesses), _of_coincidences(coincidences)) if len(part)]
    if not parts:
        return tables.empty(EVIDENCE)
    rows = pd.concat(parts, ignore_index=True)
    unknown = set(rows["kind"]) - set(EVIDENCE_KINDS)
    if unknown:
        raise ValueError(f"table coincidences has kinds {sorted(unknown)} that EVIDENCE_KINDS does not have")
    rows["key"] = rows["channel"].map({name: data_key(name) for name in rows["channel"].unique()})
    rows["place"] = rows["kind"].map(EVIDENCE_KINDS.index)
    table = _joined(_best_rows(rows))
    table = table.join(_base_channels(rows), on="key")
    table["strong"] &= table["safety"] != "unsafe"
    order = ["family", "ifo", "strong", "excess", "channel"]
    table = table.sort_values(order, ascending=[True, True, False, False, True], ignore_index=True)
    return table.reindex(columns=EVIDENCE.names)


def _of_samples(witnesses: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each channel whose samples were read: of its witness, else of its smallest p."""
    significant = is_significant(witnesses)
    speak = speaking(witnesses, significant)
    channel = ["family", "ifo", "channel"]
    others = witnesses[~significant].sort_values("q_value", kind="stable").assign(strong=False)
    rows = pd.concat([speak, others]) if len(speak) else others
    rows = rows.drop_duplicates(channel).drop(columns=[*_OF_COINCIDENCES, "t_statistic"])
    rows = rows.rename(columns=_OF_SAMPLES)
    return rows.assign(kind=RAW, window=np.nan, measure=None, top_share=np.nan)


def _of_coincidences(coincidences: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of table "coincidences" with the effect of the channel as its effect."""
    rows = coincidences.drop(columns=["excess_low", "excess_high"])
    return rows.rename(columns=_OF_COINCIDENCES).assign(band=None)


def _best_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each tested witness and kind: of several names a strong one, then the smallest q."""
    tested = rows[rows["q_value"].notna()]
    witness = pd.MultiIndex.from_frame(tested.loc[tested["q_value"] <= ALPHA, _KEY])
    tested = tested[pd.MultiIndex.from_frame(tested[_KEY]).isin(witness)]
    tested = tested.assign(weak=~tested["strong"], size=-tested["t_statistic"].abs())
    best = tested.sort_values(["place", "weak", "q_value", "size", "channel"]).drop_duplicates(
        [*_KEY, "kind"]
    )
    # The effect of what is not significant is not corrected for the choice of the band or window.
    best.loc[~(best["q_value"] <= ALPHA), _EFFECT] = np.nan
    return best


def _joined(best: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each witness, with the columns of each kind."""
    significant = best[best["q_value"] <= ALPHA]
    of_witness = significant.groupby(_KEY)
    strongest = significant.sort_values("excess", ascending=False, kind="stable").drop_duplicates(_KEY)
    surest = significant.sort_values("q_value", kind="stable").drop_duplicates(_KEY)
    table = of_witness.agg(kinds=("kind", ", ".join), strong=("strong", "any"))
    table["tested"] = best.groupby(_KEY)["kind"].agg(", ".join)
    table = table.join(surest.set_index(_KEY)[["q_value", "at_floor"]])
    table = table.join(strongest.set_index(_KEY)[_EFFECT])
    for kind in EVIDENCE_KINDS:
        columns = [name.removeprefix(f"{kind}_") for name in EVIDENCE.names if name.startswith(f"{kind}_")]
        part = best[best["kind"] == kind].set_index(_KEY)[columns]
        table = table.join(part.add_prefix(f"{kind}_"))
    return table.reset_index()


def _base_channels(rows: pd.DataFrame) -> pd.DataFrame:
    """Return name, safety and group of each base channel, by its key.

    Name and group come from the samples where they were read. Another channel takes the group of its own
    group's first channel, if that channel's samples were read.
    """
    named = rows.sort_values(["place", "channel"], kind="stable").drop_duplicates("key").set_index("key")
    worst = rows["safety"].map(_SAFETIES.index).groupby(rows["key"]).max()
    group_of = named["group"].to_dict()
    raw = set(named.index[named["kind"] == RAW])
    groups = {}
    for key, group in group_of.items():
        first = data_key(group)
        groups[key] = group_of[first] if key not in raw and first in raw else group
    return pd.DataFrame(
        {
            "channel": named["channel"].map(base_channel),
            "safety": worst.map(lambda place: _SAFETIES[place]),
            "group": pd.Series(groups),
        }
    )


def gather_evidence(
    out: str | Path, *, witnesses: str | Path | None, coincidences: str | Path | None
) -> None:
    """Write table "evidence".

    Parameters
    ----------
    out
        File to write.
    witnesses, coincidences
        Tables "witnesses" and "coincidences"; None where that kind was not tested.
    """
    table = evidence_table(
        tables.read(WITNESSES, witnesses) if witnesses else tables.empty(WITNESSES),
        tables.read(COINCIDENCES, coincidences) if coincidences else tables.empty(COINCIDENCES),
    )
    tables.write(EVIDENCE, table, out)
