"""Two groupings of the same glitches, against each other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.audit.compare import agreement, compare_families, contingency
from glitch_explorer.audit.schemas import COMPARED
from glitch_explorer.core import tables
from glitch_explorer.map.schemas import QUALITY
from glitch_explorer.site.families.compared import read_compared
from glitch_explorer.site.pages import environment
from tests.fixtures.rows import write_tables

names = st.lists(st.sampled_from(["-1", "F001", "F002", "F003"]), min_size=1, max_size=40)


def values(table):
    return dict(zip(table["metric"], table["value"], strict=True))


def test_a_contingency_by_hand():
    family = pd.Series(["F001"] * 4 + ["F002"] * 2 + ["-1"])
    other = pd.Series(["a", "a", "a", "b", "b", "-1", "b"])
    table = contingency(family, other).set_index(["family", "other"])
    assert table["n"].to_dict() == {
        ("F001", "a"): 3, ("F001", "b"): 1, ("F002", "-1"): 1, ("F002", "b"): 1, ("-1", "b"): 1,
    }  # fmt: skip
    assert table.loc[("F001", "a")].tolist() == [3, 0.75, 1, 0.75]
    assert table.loc[("F002", "b")].tolist() == [1, 0.5, 1 / 3, 0.25]
    counts = values(agreement(family, other))
    assert [counts[name] for name in ("both", "only_here", "only_there", "neither")] == [5, 1, 1, 0]


@given(names, st.randoms())
def test_shares_add_up_and_a_grouping_agrees_with_itself(listed, random):
    family = pd.Series(listed)
    other = pd.Series(random.sample(listed, len(listed)))
    table = contingency(family, other)
    assert table["n"].sum() == len(listed)
    assert np.allclose(table.groupby("family")["share_of_family"].sum(), 1)
    assert np.allclose(table.groupby("other")["share_of_other"].sum(), 1)
    assigned = [name for name in listed if name != "-1"]
    if len(assigned) > len(set(assigned)):
        same = values(agreement(family, family.replace({"F001": "x", "F002": "y"})))
        assert same["ami"] == pytest.approx(1)
        assert same["ari"] == pytest.approx(1)


def test_without_a_common_glitch_nothing_is_measured():
    assert "ami" not in values(agreement(pd.Series(["F001", "-1"]), pd.Series(["-1", "a"])))


def test_a_file_against_the_families_and_its_part_of_the_page(tmp_path):
    ids = [f"g{number}" for number in range(6)]
    glitches = pd.DataFrame({"glitch_id": ids, "ifo": "L1", "event_time": 1e9 + 10.0 * np.arange(6)})
    families = pd.DataFrame({"glitch_id": ids, "view": "", "family": ["F001"] * 3 + ["F002"] * 2 + ["-1"]})
    duplicates = pd.DataFrame({"glitch_id": ["again"], "kept_id": ["g5"]}, dtype="str")
    paths = write_tables(tmp_path, glitches=glitches, families=families, duplicates=duplicates)
    file = tmp_path / "other.csv"
    file.write_text("id,family\ng0,<b>\ng1,<b>\ng3,c\nagain,c\nelsewhere,c\n")
    out, agreed = tmp_path / "compared_families.parquet", tmp_path / "agreement.parquet"
    compare_families(**paths, file=file, tolerance_s=0.1, out=out, agreement_out=agreed)
    assert tables.read(COMPARED, out)["n"].sum() == 6
    assert values(tables.read(QUALITY, agreed))["only_there"] == 1
    compared = read_compared(tmp_path)
    assert compared["ami"] == pytest.approx(1)
    assert [(line["family"], line["n"]) for line in compared["lines"]] == [("F001", 3), ("F002", 2)]
    section = environment().get_template("families/compared.html").module.compared_section(compared, "family")
    assert "&lt;b&gt;</span> 2 (67\u00a0%)" in section
    assert 'href="family/F001.html"' in section
