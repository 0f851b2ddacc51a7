"""Queries, and new glitches on an old map, through the workflow."""

import shutil

import pandas as pd
import pytest

from glitch_explorer import similar
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.map.schemas import FAMILIES, MAP_ROWS, PLACED
from tests.fixtures.project import done_jobs

pytestmark = pytest.mark.slow


def test_queries_by_id_moment_and_picture(finished, pictures, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    glitches = tables.read(GLITCHES, clone.folder / "results/catalog/glitches.parquet")
    rows = tables.read(MAP_ROWS, clone.folder / "results/map/rows.parquet")
    first = glitches[glitches["glitch_id"] == rows["glitch_id"].iloc[0]].iloc[0]
    by_id, by_time = (
        f"results/similar/{first.glitch_id}.csv",
        f"results/similar/{first.ifo}@{first.event_time}.csv",
    )
    done = done_jobs(clone.run(by_id, by_time))
    assert done == {"similar_one": 2}
    found = pd.read_csv(clone.folder / by_id)
    asked = similar.find(first.glitch_id, results=clone.folder / "results")
    assert found["glitch_id"].tolist() == asked["glitch_id"].tolist()
    assert pd.read_csv(clone.folder / by_time)["glitch_id"].tolist() == found["glitch_id"].tolist()

    # A moment beside a glitch, taken from the strain, and the picture of that glitch, find it.
    shutil.copytree(pictures.folder / "pictures", clone.folder / "pictures")
    picture = next((clone.folder / "pictures").rglob(f"*{first.glitch_id}_spectrogram_1.0.png"))
    picture = picture.relative_to(clone.folder).as_posix()
    moment = f"{first.ifo}@{first.event_time + 0.002:.6f}"
    clone.configure(similar={"queries": [picture, moment], "tolerance_s": 0.001, "n_results": 5})
    assert set(done_jobs(clone.run("similar"))) == {"similar_answers"}
    answers = pd.read_csv(clone.folder / "results/similar/answers.csv")
    assert answers["query"].tolist() == [picture] * 5 + [moment] * 5
    nearest = answers.groupby("query", sort=False)["glitch_id"].first()
    assert nearest.tolist() == [first.glitch_id, first.glitch_id]
    assert answers["query_id"].isna().all()
    text = clone.run("results/similar/nosuchglitch.csv", check=False)
    assert "neither a glitch of the map" in text
    assert "Traceback" not in text


def test_a_new_run_is_placed_on_an_old_map(finished, pictures, tmp_path):
    new = pictures.clone(tmp_path / "new")
    text = new.run("place", check=False)
    assert "place.onto is not set" in text
    shutil.copytree(finished.folder / "results/map", tmp_path / "old")
    new.configure(place={"onto": "../old"})
    assert done_jobs(new.run("place")) == {"place": 1}
    placed = tables.read(PLACED, new.folder / "results/place/placed.parquet")
    rows = tables.read(MAP_ROWS, new.folder / "results/map/rows.parquet")
    assert placed["glitch_id"].tolist() == rows["glitch_id"].tolist()
    # The same glitches, drawn as pictures: each is placed as if it were not on the map yet.
    assert (placed["nearest_id"] != placed["glitch_id"]).all()
    old = tables.read(FAMILIES, tmp_path / "old/families.parquet").set_index("glitch_id")["family"]
    theirs = placed["glitch_id"].map(old)
    members = theirs.notna() & (theirs != "-1") & placed["fits"]
    assert (placed["family"] == theirs)[members].mean() >= 0.9
    assert "Nothing to be done" in new.run("place", "--dry-run")
    record = tmp_path / "old/encoder.json"
    record.write_text(record.read_text().replace("gradients", "resnet18"))
    text = new.run("place", check=False)
    assert "another encoder" in text
    assert "Traceback" not in text
