"""Family ids: their order, and that they stay."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.core.errors import UserError
from glitch_explorer.map.ids import freeze_reference, name_families, read_reference
from glitch_explorer.map.schemas import UNASSIGNED
from tests.fixtures.rows import write_tables


def frame(clusters, start=0):
    ids = [f"g{number:04d}" for number in range(start, start + len(clusters))]
    return pd.DataFrame({"glitch_id": ids, "view": "", "cluster": np.asarray(clusters, dtype=int)})


def reference_of(members, named):
    name = dict(zip(named["cluster"], named["family"], strict=True))
    family = [name.get(cluster, UNASSIGNED) for cluster in members["cluster"]]
    return members[["glitch_id", "view"]].assign(family=family)


def test_without_a_reference_ids_go_by_size_then_smallest_glitch():
    named = name_families(frame([2, 2, 0, 0, 1, 1, 1, -1]), None)
    assert dict(zip(named["cluster"], named["family"], strict=True)) == {1: "F001", 2: "F002", 0: "F003"}
    assert named["n"].tolist() == [3, 2, 2]
    assert named["new"].all()


def test_a_new_family_gets_the_next_number_and_a_lost_one_keeps_its_own():
    old = frame([0] * 10 + [1] * 8 + [2] * 6)
    reference = reference_of(old, name_families(old, None))
    grown = frame([5] * 10 + [-1] * 8 + [6] * 6 + [7] * 9)
    named = name_families(grown, reference).set_index("cluster")
    assert named["family"].to_dict() == {5: "F001", 6: "F003", 7: "F004"}
    assert named["new"].to_dict() == {5: False, 6: False, 7: True}
    assert named.loc[5, "overlap"] == 1
    assert np.isnan(named.loc[7, "overlap"])


def test_a_split_family_hands_its_id_to_the_larger_part():
    old = frame([0] * 10 + [1] * 5)
    reference = reference_of(old, name_families(old, None))
    named = name_families(frame([3] * 3 + [4] * 7 + [5] * 5), reference).set_index("cluster")
    assert named["family"].to_dict() == {4: "F001", 5: "F002", 3: "F003"}


def test_glitches_that_only_one_map_holds_do_not_count():
    old = frame([0] * 4)
    reference = reference_of(old, name_families(old, None))
    grown = pd.concat([frame([9] * 4), frame([9] * 400, start=500)])
    assert name_families(grown, reference).loc[0, "overlap"] == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-1, 6), min_size=1, max_size=60), st.permutations(range(7)), st.integers(0, 20))
def test_ids_survive_other_cluster_numbers_and_new_unassigned_glitches(clusters, numbers, more):
    old = frame(clusters)
    reference = reference_of(old, name_families(old, None))
    renumbered = [numbers[cluster] if cluster >= 0 else -1 for cluster in clusters] + [-1] * more
    grown = frame(renumbered)
    again = reference_of(grown, name_families(grown, reference))
    assert again["family"].tolist() == reference["family"].tolist() + [UNASSIGNED] * more


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), min_size=1, max_size=50),
)
def test_every_family_has_one_id_and_new_ids_are_fresh(pairs):
    old, new = frame([a for a, _ in pairs]), frame([b for _, b in pairs])
    reference = reference_of(old, name_families(old, None))
    named = name_families(new, reference)
    assert named["family"].is_unique
    assert set(named["cluster"]) == {b for _, b in pairs if b >= 0}
    assert not set(named.loc[named["new"], "family"]) & set(reference["family"])
    assert (named.loc[~named["new"], "overlap"] > 0.2).all()


def test_a_frozen_reference_is_read_back_and_a_missing_one_is_explained(tmp_path):
    rows = frame([0])
    write_tables(tmp_path, families=rows.assign(family="F001"))
    kept = tmp_path / "kept" / "reference.parquet"
    freeze_reference(tmp_path / "families.parquet", kept)
    assert read_reference(kept, rows)["family"].tolist() == ["F001"]
    assert read_reference(None, rows) is None
    with pytest.raises(UserError, match="freeze_reference"):
        read_reference(tmp_path / "nothing.parquet", rows)


@pytest.mark.parametrize("column", ["glitch_id", "view"])
def test_a_reference_of_another_map_is_refused(tmp_path, caplog, column):
    rows = frame([0, 0, 1])
    path = tmp_path / "families.parquet"
    write_tables(tmp_path, families=rows.assign(family="F001"))
    with caplog.at_level("INFO"):
        assert len(read_reference(path, rows[1:])) == 3
    assert f"map.reference {path}: 2 of 3 rows are on this map" in caplog.text
    with pytest.raises(UserError, match=r"map\.reference names .*no row is on this map"):
        read_reference(path, rows.assign(**{column: "other"}))


def test_a_reference_with_other_ids_is_refused():
    reference = frame([0]).drop(columns="cluster").assign(family="blip")
    with pytest.raises(UserError, match="'blip' is not a family id"):
        name_families(frame([0]), reference)
