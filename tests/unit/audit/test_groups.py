"""Labels of families that the user defines."""

import pandas as pd

from glitch_explorer.audit.groups import make_group_audit, members_with_unions
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, LABELS
from glitch_explorer.core import tables
from tests.fixtures.rows import write_tables

IDS = [f"g{number}" for number in range(8)]
FAMILIES = pd.DataFrame({"glitch_id": IDS, "view": "", "family": ["F001"] * 4 + ["F002"] * 3 + ["-1"]})
UNIONS = pd.DataFrame({"glitch_id": IDS[:7], "view": "", "family": "F003"})
NAMES = pd.DataFrame({"family": ["F001", "F002", "F003"], "name": ["mine", "Blip", "both"]})
LABEL = ["Tomte", "Tomte", "Blip", None, "Blip", "Blip", "Blip", "Blip"]


def test_a_family_has_the_users_name_and_its_labels(tmp_path):
    glitches = pd.DataFrame({"glitch_id": IDS, "label": pd.Series(LABEL, dtype="str")})
    paths = write_tables(tmp_path, glitches=glitches, families=FAMILIES, unions=UNIONS, family_names=NAMES)
    out = tmp_path / "audit"
    out.mkdir()
    make_group_audit(names=paths.pop("family_names"), **paths, out=out)
    table = tables.read(AUDIT_FAMILIES, out / "families.parquet").set_index("family")
    assert table["name"].tolist() == ["mine", "Blip", "both"]
    assert table["n"].tolist() == [4, 3, 7]
    assert table["n_labelled"].tolist() == [3, 3, 6]
    assert table.loc["F001", "purity"] == 2 / 3
    assert table.loc["F003", "plurality_label"] == "Blip"
    assert table[["stability", "medoid"]].isna().all(axis=None)
    assert (table["possible_new_class"] == "").all()
    # A union counts no glitch twice.
    assert tables.read(LABELS, out / "labels.parquet").set_index("label")["n"].to_dict() == {
        "Blip": 5,
        "Tomte": 2,
    }


def test_members_of_unions_have_their_columns():
    rows = FAMILIES.assign(label=LABEL)
    joined = members_with_unions(rows, UNIONS)
    assert joined[joined["family"] == "F003"]["label"].fillna("").tolist() == [x or "" for x in LABEL[:7]]
    assert members_with_unions(rows, UNIONS.head(0)).equals(rows)
