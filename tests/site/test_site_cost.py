"""The pages of costs and drivers show what the tables contain, whatever the names of channels."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_impact import data_of, fake_impact, make_cost
from fake_results import change, fake_results, make_site, text_of

from glitch_explorer.core import tables
from glitch_explorer.impact.schemas import COST, COST_BY_DAY, RECOVERABLE
from glitch_explorer.site.numbers import amount_text

NO_RANGE = "the range of the detector is unknown: too few minutes have one"


def written(amount: float) -> str:
    """Write an amount as `text_of` returns it."""
    return amount_text(amount).replace("\u202f", " ")


@pytest.fixture(scope="module")
def fragments(results: Path, site: Path) -> Path:
    assert site.is_dir()
    return results / "impact" / "pages"


@pytest.fixture(scope="module")
def cost(results: Path, site: Path) -> pd.DataFrame:
    assert site.is_dir()
    return tables.read(COST, results / "impact" / "cost.parquet")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map with two families; its costs are written by each test."""
    return fake_results(tmp_path_factory.mktemp("small"), count=60, families=2)


def test_the_headline_names_what_costs_most_with_interval_and_hours(site: Path, cost: pd.DataFrame) -> None:
    text = text_of(site / "cost.html")
    bound = "No search gates every glitch."
    for ifo in ("H1", "L1"):
        assert f"{ifo} loses 3.50 h per 1000 h of live time to glitches with the gates of a search" in text
        assert f"{ifo} whitened strain above 50, as a search 3.50 2.50 to 5.00" in text
        assert f"{ifo} every glitch (upper bound) 12.5 11.0 to 14.5" in text
    assert bound in text
    gated = (
        "(95 % interval 2.50 to 5.00), and at most 12.5 h if every glitch were gated (95 % interval 11.0 to"
    )
    assert gated in text
    hours = cost.set_index(["family", "ifo"])["hours_per_1000h"]
    assert f"F001 (class 00) costs most in H1: {written(hours['F001', 'H1'])} h (95 % interval" in text
    assert "; chance to be first 100 %). L1 loses" in text
    assert f"A tie for the largest cost in L1: F001 (class 00), {written(hours['F001', 'L1'])} h (" in text
    assert (
        f"chance to be first 60 %) and F002 (<script>alert(1)</script>), {written(hours['F002', 'L1'])} h ("
        in text
    )
    assert "11 of 11 costs are significantly above zero (95 %)." in text
    assert "L1:PEM-EX_ACC_BSC01_ETMX_X_DQ (one of 2 correlated channels) would recover at most" in text


def test_every_row_is_in_the_table_and_leads_to_its_family(site: Path, cost: pd.DataFrame) -> None:
    page = (site / "cost.html").read_text(encoding="utf-8")
    table = page.split('aria-label="All costs"')[1].split("</table>")[0]
    rows = re.findall(r"<tr data-ifo=.*?</tr>", table)
    assert len(rows) == len(cost)
    ranked = cost.sort_values(["rank", "family"], na_position="last")
    for row, family, ifo in zip(rows, ranked["family"], ranked["ifo"], strict=True):
        assert f'href="family/{family}.html#cost"' in row
        assert f'data-ifo="{ifo}"' in row
    assert "the range is unknown in all minutes with its glitches" in rows[-1]
    notes = [re.sub("<.*?>", " ", row) for row in rows]
    assert "5 of 403 gated" in notes[0]
    assert "of 203 gated: not costed without a search" in notes[2]
    assert '<td class="count" data-key="">–' in rows[-1]


def test_the_data_of_the_charts_are_those_of_the_tables(
    site: Path, results: Path, cost: pd.DataFrame
) -> None:
    data = data_of(site)
    ranked = cost[cost["cost_mpc3_yr"].notna()].sort_values("rank")
    assert data["rows"]["family"] == ranked["family"].tolist()
    for name, column in (("cost", "cost_mpc3_yr"), ("cost_low", "cost_low"), ("hours_high", "hours_high")):
        np.testing.assert_allclose(data["rows"][name], ranked[column], rtol=1e-6)
    by_day = tables.read(COST_BY_DAY, results / "impact" / "cost_by_day.parquet")
    assert list(data["days"]) == ["H1", "L1"]
    for name, days in data["days"].items():
        rows = by_day[by_day["ifo"] == name]
        drawn = np.array([one["cost"] for one in days["series"]])
        assert drawn.shape[1] == len(days["dates"]) == len(days["time_volume"]) == rows["day"].nunique()
        np.testing.assert_allclose(drawn.sum(), rows["cost_mpc3_yr"].sum(), rtol=1e-5)
        # The sixth family has no cost in L1.
        rest = [] if name == "L1" else [""]
        assert [one["family"] for one in days["series"]] == ["F001", "F002", "F003", "F004", "F005", *rest]
    assert data["days"]["H1"]["dates"][:2] == ["2020-01-01", "2020-01-02"]
    # Hours are costs over volume times analysed time: the page divides by this.
    one = ranked[ranked["ifo"] == "H1"].iloc[0]
    assert 1000 * one["cost_mpc3_yr"] / data["time_volume"]["H1"] == pytest.approx(one["hours_per_1000h"])
    won = tables.read(RECOVERABLE, results / "impact" / "recoverable.parquet")
    won = won[won["recoverable_mpc3_yr"] > 0].sort_values("recoverable_mpc3_yr", ascending=False)
    assert won.duplicated(["family", "ifo", "group"]).any()
    won = won.drop_duplicates(["family", "ifo", "group"])
    assert sum(data["cells"]["value"]) == pytest.approx(won["recoverable_mpc3_yr"].sum(), rel=1e-5)


def test_formula_assumptions_stability_and_settings_are_there(site: Path) -> None:
    text = text_of(site / "cost.html")
    for words in (
        "hours per 1000 h = 1000 · C k / (V̄ · T)",
        "(a) ΔT k , deadtime",
        "(b) L k , range loss",
        "(c) δ k , threshold loss",
        "(d) overlaps",
        "No gated second counts for two families",
        "not part of the cost",
        "Stability of the ranking: Kendall τ at least 0.83",
        "Smallest half-width of a gate 2 s all 0.83 11",
        "Lowest SNR of a gated glitch all are gated all 1.00 11",
        "min_gate_s 0.5",
        "gate_snr none",
        "T live_s: analysed time",
        "H1: V̄ = 9 200 000 Mpc³, T = 480 h",
    ):
        assert words in text, words


def test_simpler_rankings_are_compared_with_the_cost(site: Path) -> None:
    text = text_of(site / "cost.html").split("Simpler rankings")[1]
    assert "Glitches Rate (1/d) Rate × median SNR (1/d) Efficiency / deadtime" in text
    assert re.search(r"F001 class 00 L1 1 403 \(1\) 18\.3 \(2\)", text)
    assert re.search(r"Kendall τ with the rank by cost 0\.\d\d 0\.\d\d 0\.\d\d 0\.\d\d", text)


def test_files_to_download_are_copies(site: Path, results: Path) -> None:
    for name in ("cost.csv", "cost.json"):
        assert (site / "cost" / name).read_bytes() == (results / "impact" / name).read_bytes()
    for path in (results / "impact").glob("F*/vetoes/*"):
        assert (site / "vetoes" / path.name).read_bytes() == path.read_bytes()


def test_a_fragment_has_cost_models_alarms_and_vetoes(fragments: Path) -> None:
    text = text_of(fragments / "F001.html")
    assert re.search(r"F001 \(class 00\) in H1 costs 1 620 Mpc³ yr \(95 % interval .* rank 2\.", text)
    assert "XGBoost, all lags 0.70 0.30 0.40 0.30 to 0.50 0.09 0.40 0.30 to 0.50 0.001 0.004 0.90" in text
    assert "0.90 0.14 60, 600, 12 beats its" in text
    assert "random forest, before the glitch only 0.32 0.30 0.02 −0.08 to 0.12" in text
    assert "SHAP values are not reported not clearly better than rate and time of day" in text
    assert "too few glitches with usable windows: 9 in 2 segments; at least 20 in 3" in text
    assert "0.14 p ≤ 0.05" in text
    assert "XGBoost 0.5 0.55 25 % 1 % 9.5 4.0 to 21.0 60 25.00" in text
    assert (
        "51 veto segments contain 48 of 60 glitches (80 %) in 0.78 % of the time, efficiency / deadtime 103"
        in text
    )
    assert "L1: no veto: no channel is a witness" in text


def test_only_models_that_beat_their_baseline_have_shap_values(fragments: Path) -> None:
    text = text_of(fragments / "F001.html")
    assert "H1: XGBoost, before the glitch only" in text
    assert "H1: random forest, before the glitch only" not in text
    assert len(list(fragments.glob("F001-drivers-*.png"))) == 3
    gated = (fragments / "F003.html").read_text(encoding="utf-8")
    assert "mean |SHAP|" not in gated
    assert not list(fragments.glob("F003-drivers-*.png"))
    assert "No: no model that uses only data from before the glitch beats" in text_of(fragments / "F003.html")


def test_a_group_is_listed_once_and_units_are_named(fragments: Path) -> None:
    text = text_of(fragments / "F001.html")
    assert re.search(r"LVEA_A_OUT_DQ , H1:PEM-CS_MAG_LVEA_B_OUT_DQ : mean \|SHAP\| [\d.]+ log-odds", text)
    assert re.search(r"mean \|SHAP\| [\d.]+ probability", text)
    assert "tree path dependent" in text


def test_the_family_page_takes_both_fragments_in(site: Path) -> None:
    page = (site / "family" / "F001.html").read_text(encoding="utf-8")
    assert page.index('id="typical"') < page.index('id="witnesses"') < page.index('id="cost"')
    assert (site / "family" / "F001-drivers-1.png").is_file()
    assert 'href="../cost.html">Cost</a>' in page


def test_the_front_page_has_a_sentence_and_a_link(site: Path) -> None:
    text = text_of(site / "index.html")
    assert "H1 loses 3.50 h per 1000 h" in text
    assert "and at most 12.5 h if every glitch were gated" in text
    assert "; F001 (class 00) costs most. L1 loses 3.50 h" in text
    assert "; tied for the largest cost are F001 (class 00) and F002" in text
    assert '<a href="cost.html">More</a>' in (site / "index.html").read_text(encoding="utf-8")


def test_without_a_range_there_is_no_cost_and_the_page_says_why(small: Path, tmp_path: Path) -> None:
    make_cost(small, tmp_path, fake_impact(small, known=False, own=False))
    page = (tmp_path / "cost.html").read_text(encoding="utf-8")
    assert f"No family's cost in L1 is known: {NO_RANGE}." in text_of(tmp_path / "cost.html")
    assert 'id="charts"' not in page
    assert "plotly" not in page
    assert "403 (1)" in text_of(tmp_path / "cost.html")
    assert "Not known" not in text_of(tmp_path / "cost.html")
    assert f"F001 (class 00) in H1: the cost is unknown: {NO_RANGE}." in text_of(
        small / "impact/pages/F001.html"
    )


def test_without_intervals_no_bar_has_one(small: Path, tmp_path: Path) -> None:
    names = fake_impact(small, own=False)
    unknown = dict.fromkeys(("cost_low", "cost_high", "hours_low", "hours_high", "chance_first"))
    change(small / "impact" / "cost.parquet", lambda table: table.assign(**unknown, blocks=3))
    make_cost(small, tmp_path, names)
    assert "The largest cost in H1 is that of F001" in text_of(tmp_path / "cost.html")
    assert "(no interval: fewer than ten blocks of time)" in text_of(tmp_path / "cost.html")
    assert data_of(tmp_path)["rows"]["cost_low"] == [None] * 3


def test_one_family_and_no_model(small: Path, tmp_path: Path) -> None:
    fake_impact(small, families=["F001"], own=False)
    change(small / "impact" / "recoverable.parquet", lambda table: table.head(0))
    make_cost(small, tmp_path, [])
    text = text_of(tmp_path / "cost.html")
    assert "1 of 1 cost is significantly above zero (95 %)." in text
    assert "Unknown: no family with a cost above zero has a witness." in text
    assert "Kendall τ with the rank by cost – – – –" in text
    fragment = text_of(small / "impact" / "pages" / "F002.html")
    assert "F002 has no glitch in the live time of H1." in fragment
    assert "No model was fitted for this family." in fragment
    assert not list((tmp_path / "vetoes").iterdir())


def test_no_family_at_all(tmp_path: Path) -> None:
    root = fake_results(tmp_path, count=20, families=1, bare=True)
    costs = make_cost(root, root / "site", fake_impact(root))
    assert not list(costs.iterdir())
    text = text_of(root / "site" / "cost.html")
    assert "Nothing has a cost: there is no family, or no live time." in text
    make_site(root, root / "site", root / "figures", None, costs)
    assert "Nothing is significant." in text_of(root / "site" / "index.html")
