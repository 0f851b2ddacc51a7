"""A base channel is one witness, whatever its names and kinds of evidence; grouping keeps the error rate."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.coupling.coincidence.gather import coincidence_table
from glitch_explorer.coupling.evidence import evidence_table, gather_evidence
from glitch_explorer.coupling.schemas import COINCIDENCES, EVIDENCE, WITNESSES
from glitch_explorer.coupling.witnesses.gather import witness_table

#: Row of a channel that is not significant, of both tables.
BOTH = {
    "family": "F001", "ifo": "L1", "lag": 0.0, "auc": 0.5, "t_statistic": 1.0, "efficiency": 0.1,
    "excess_efficiency": 0.3, "excess_low": 0.25, "excess_high": 0.35, "channel_excess": np.nan,
    "channel_excess_low": np.nan, "channel_excess_high": np.nan, "deadtime": 0.01,
    "hveto_significance": 1.0, "hveto_overstated": False, "p_fwer": 0.5, "n_slides": 999,
    "at_floor": False, "safety": "safe", "n_glitches": 90, "coverage": 1.0, "live_time_s": 4e4,
    "q_value": 0.6, "strong": False,
}  # fmt: skip
SAMPLES = BOTH | {
    "band": "10-30", "lag_peak": 0.0, "t_peak": 1.0, "represents": False, "relation": "", "n_alone": 9,
    "n_leading": 0, "rank": 1,
}  # fmt: skip
TRIGGERS = BOTH | {
    "kind": "triggers", "window": 0.4, "snr_threshold": 8.0, "measure": "", "top_share": np.nan, "delay": 0.0,
    "relation": "co-moves",     "expected_efficiency": 0.01,
    "slide_range_s": 600.0, "n_auxiliary": 99, "snr_auc": np.nan, "snr_auc_low": np.nan,
    "snr_auc_high": np.nan, "days_to_half": pd.NA,
}  # fmt: skip
SIGNIFICANT = {"q_value": 0.01, "p_fwer": 0.001, "t_peak": 9.0, "t_statistic": 9.0, "strong": True}
SIGNIFICANT |= {"channel_excess": 0.2, "channel_excess_low": 0.1, "channel_excess_high": 0.3}


def samples(channel, **values):
    """Return a row of table "witnesses"."""
    return SAMPLES | {"channel": channel, "group": channel} | values


def triggers(channel, **values):
    """Return a row of table "coincidences"."""
    return TRIGGERS | {"channel": channel, "group": channel} | values


def evidence(witnesses=(), coincidences=()):
    """Return table "evidence" of rows, checked against its schema, by channel."""
    table = evidence_table(
        pd.DataFrame(witnesses, columns=WITNESSES.names),
        pd.DataFrame(coincidences, columns=COINCIDENCES.names),
    )
    tables.conform(EVIDENCE, table)
    return table.set_index("channel")


def test_names_of_one_channel_are_one_witness_with_all_its_evidence():
    table = evidence(
        [
            samples("L1:PEM-EX_ACC_DQ.rms,m-trend", **SIGNIFICANT | {"q_value": 0.03}),
            samples("L1:PEM-EX_ACC_DQ", represents=True, relation="leads", **SIGNIFICANT),
            samples("L1:PEM-EX_MIC_DQ"),
        ],
        [
            triggers("L1:PEM_EX_ACC", **SIGNIFICANT | {"channel_excess": 0.5, "q_value": 0.02}),
            triggers("L1:PEM_EX_ACC", kind="segments", window=0.0),
            triggers("L1:PEM-EX_ACC.max", kind="trends", measure="high", top_share=0.05),
        ],
    )
    assert list(table.index) == ["L1:PEM-EX_ACC_DQ"]
    row = table.iloc[0]
    assert (row["kinds"], row["tested"]) == ("raw, triggers", "raw, triggers, segments, trends")
    assert (row["raw_channel"], row["raw_relation"]) == ("L1:PEM-EX_ACC_DQ", "leads")
    assert (row["trends_channel"], row["trends_measure"]) == ("L1:PEM-EX_ACC.max", "high")
    assert (row["triggers_channel"], row["triggers_window"]) == ("L1:PEM_EX_ACC", 0.4)
    # The smallest q, the largest effect, each kind with its own.
    assert (row["q_value"], row["raw_q_value"], row["triggers_q_value"], row["segments_q_value"]) == (
        0.01,
        0.01,
        0.02,
        0.6,
    )
    assert (row["excess"], row["raw_excess"], row["triggers_excess"]) == (0.5, 0.2, 0.5)
    assert np.isnan(row["segments_excess"])
    assert row["strong"]


def test_a_kind_that_was_not_tested_is_told_from_one_that_shows_nothing():
    table = evidence(
        [samples("L1:A", **SIGNIFICANT), samples("L1:B")],
        [triggers("L1:B", **SIGNIFICANT), triggers("L1:C", **SIGNIFICANT)],
    )
    assert table["kinds"].to_dict() == {"L1:A": "raw", "L1:B": "triggers", "L1:C": "triggers"}
    assert table["tested"].to_dict() == {"L1:A": "raw", "L1:B": "raw, triggers", "L1:C": "triggers"}
    assert table.loc["L1:B", "raw_q_value"] == 0.6
    assert np.isnan(table.loc["L1:C", "raw_q_value"])


def test_the_worst_name_decides_on_safety_and_an_unsafe_channel_is_no_finding():
    unranked = {"safety": "unsafe", "p_fwer": np.nan, "q_value": np.nan}
    table = evidence(
        [samples("L1:A", **SIGNIFICANT), samples("L1:B,reduced", family="F002", **unranked)],
        [triggers("L1:A", safety="unknown"), triggers("L1:B", **SIGNIFICANT)],
    )
    assert table["safety"].to_dict() == {"L1:A": "unknown", "L1:B": "unsafe"}
    assert table["strong"].to_dict() == {"L1:A": True, "L1:B": False}


def test_groups_are_those_of_the_samples():
    table = evidence(
        [samples("L1:PEM-B", group="L1:PEM-A", **SIGNIFICANT), samples("L1:PEM-C", group="L1:PEM-A")],
        [
            triggers("L1:PEM_B", family="F002", **SIGNIFICANT),
            triggers("L1:D", group="L1:PEM_C", **SIGNIFICANT),
            triggers("L1:E", group="L1:D", **SIGNIFICANT),
        ],
    )
    assert set(table.loc["L1:PEM-B", "group"]) == {"L1:PEM-A"}
    assert table.loc["L1:D", "group"] == "L1:PEM-A"
    assert table.loc["L1:E", "group"] == "L1:D"


def test_one_kind_alone_and_none(tmp_path):
    assert evidence([samples("L1:A", **SIGNIFICANT)])["kinds"].tolist() == ["raw"]
    assert evidence([], [triggers("L1:A", **SIGNIFICANT)])["kinds"].tolist() == ["triggers"]
    assert evidence([samples("L1:A")], [triggers("L1:A")]).empty
    gather_evidence(tmp_path / "evidence.parquet", witnesses=None, coincidences=None)
    assert tables.read(EVIDENCE, tmp_path / "evidence.parquet").empty


def test_a_new_kind_of_coincidence_is_not_overlooked():
    with pytest.raises(ValueError, match="kinds \\['other'\\] that EVIDENCE_KINDS does not have"):
        evidence([], [triggers("L1:A", kind="other")])


def family_wise(rng, statistics, slides=199):
    """Return p ``(f, m)`` of each family's channels from the largest statistic of all channels in slides."""
    null = rng.normal(size=(len(statistics), slides, statistics.shape[1])).max(axis=2)
    return (1 + (null[:, :, None] >= statistics[:, None, :]).sum(axis=1)) / (1 + slides)


@pytest.mark.slow
def test_the_share_of_false_base_channels_among_families_is_below_the_level():
    rng = np.random.default_rng(20)
    families, names, runs = [f"F{number:03d}" for number in range(12)], [f"L1:PEM-{k}" for k in range(8)], 100
    groups = pd.DataFrame({"channel": names, "group": names})
    tested = [(family, name) for family in families for name in names]
    rows = {
        build: pd.DataFrame([build(name, family=family) for family, name in tested])
        for build in (samples, triggers)
    }
    shares = []
    for _ in range(runs):
        # The two kinds of a channel are correlated; the first four families have a true witness, channel 0.
        common = rng.normal(size=(len(families), len(names)))
        kinds = []
        for table in rows.values():
            t = np.sqrt(0.5) * (common + rng.normal(size=common.shape))
            t[:4, 0] += 9.0
            p_values = family_wise(rng, t)
            kinds.append(table.assign(p_fwer=p_values.ravel(), t_peak=t.ravel(), t_statistic=t.ravel()))
        raw, aux = kinds
        table = evidence_table(
            witness_table(raw.drop(columns="group"), groups, aux[COINCIDENCES.names], least_effect=0.1),
            coincidence_table(aux[COINCIDENCES.names], raw, least_effect=0.1),
        )
        true = (table["channel"] == names[0]) & (table["family"] < "F004")
        assert true.sum() == 4
        shares.append(table.loc[~true, "family"].nunique() / table["family"].nunique())
    assert np.mean(shares) <= 0.05 + 2 * np.std(shares) / np.sqrt(runs)
