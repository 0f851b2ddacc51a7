"""Families of the labels of real catalogues, without strain or pictures."""

import pandas as pd
import pytest

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.map.groups.run import make_groups
from glitch_explorer.map.schemas import FAMILY_IDS, FAMILY_NAMES, MEMBERS, UNIONS
from glitch_explorer.sources.schemas import SEGMENTS
from tests.unit.catalog import built


@pytest.fixture(scope="module")
def o3a(tmp_path_factory, shared_data):
    """Return the folder of a catalogue of O3a: scattered light in L1, and a month of four other classes."""
    folder = tmp_path_factory.mktemp("o3a")
    paths = [
        shared_data / "o3_scattering" / "L1_scattered_light_O3a.csv",
        shared_data / "catalogs" / "gravityspy_O3a_month.csv",
    ]
    built.build(folder, "catalogue", paths)
    segments = pd.read_csv(
        shared_data / "o3_scattering" / "o3a_L1_times.dat", sep=r"\s+", header=None, usecols=[0, 1]
    )
    segments.columns = ["start", "end"]
    table = segments.astype(float).assign(ifo="L1", flag="L1:analysed", source="o3a_L1_times.dat")
    tables.write(SEGMENTS, table[SEGMENTS.names], folder / "segments.parquet")
    return folder


def families_of(folder, out, **options):
    """Return the number of members of each family by name, and the folder of the map."""
    settings = {
        "confidence": 0.9,
        "labels": [],
        "min_size": 8,
        "unions": [],
        "tolerance_s": 0.1,
        "file": None,
    } | options
    make_groups(
        glitches=folder / "catalog/glitches.parquet",
        duplicates=folder / "catalog/duplicates.parquet",
        segments=folder / "segments.parquet",
        reference=None,
        out=out,
        **settings,
    )
    ids = tables.read(FAMILY_IDS, out / "family_ids.parquet").merge(
        tables.read(FAMILY_NAMES, out / "family_names.parquet"), on="family"
    )
    return dict(ids[["name", "n"]].itertuples(index=False))


def test_each_label_is_a_family(o3a, tmp_path):
    sizes = families_of(o3a, tmp_path)
    print(sizes)
    glitches = tables.read(GLITCHES, o3a / "catalog/glitches.parquet")
    sure = glitches[~(glitches["label_confidence"] < 0.9)]
    assert sizes == sure["label"].value_counts().to_dict()
    assert next(iter(sizes)) == "Scattered_Light"
    members = tables.read(MEMBERS, tmp_path / "members/F001.parquet")
    scattered = members[members["kind"] == "glitch"]
    # A glitch under several ids is one.
    assert not scattered.duplicated(["ifo", "event_time"]).any()


def test_a_lower_confidence_takes_all(o3a, tmp_path):
    assert families_of(o3a, tmp_path, confidence=0.8)["Scattered_Light"] == 11441


def test_a_union_of_blips(o3a, tmp_path):
    blips = {"name": "Blips", "parts": ["Blip", "Low Frequency Blip"]}
    sizes = families_of(o3a, tmp_path, unions=[blips])
    assert sizes["Blips"] == sizes["Blip"] + sizes["Blip_Low_Frequency"]
    assert len(tables.read(UNIONS, tmp_path / "unions.parquet")) == sizes["Blips"]


def test_the_search_page_itself_as_a_file(o3a, shared_data, tmp_path):
    """The ids of all rows, those of repeated ones too, lead to the glitches that stay."""
    rows = pd.read_csv(shared_data / "o3_scattering" / "L1_scattered_light_O3a.csv")
    for columns in (["id"], ["ifo", "time"]):
        path = tmp_path / "families.csv"
        rows[columns].assign(family="scattering").to_csv(path, index=False)
        assert families_of(o3a, tmp_path / columns[0], file=path) == {"scattering": 11441}
