"""Which files a study's jobs read, by its config."""

import os
import re

import jinja2
import pandas as pd
import pytest
from jinja2 import meta

from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import FAMILY_IDS
from glitch_explorer.workflow.config import check_config, load_schema
from glitch_explorer.workflow.study import (
    SITE,
    Study,
    closing_message,
    family_names,
    members_file,
    shard_names,
)


@pytest.fixture
def study_of(root, tmp_path):
    schema = load_schema(root / "config/schemas/config.schema.yaml")

    def make(**sections) -> Study:
        source = {"kind": "catalogue", "paths": [str(tmp_path / "glitches.csv")]}
        return Study(check_config({"source": source, **sections}, schema), root)

    return make


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["results/catalog/glitches.parquet"], "Done."),
        (["results/figures/umap_family.png"], "Done. Picture: results/figures/umap_family.png."),
        (["results/site/index.html"], "Done. Open results/site/index.html in a browser."),
        (
            ["results/site/index.html", "results/figures/umap_family.png"],
            "Done. Picture: results/figures/umap_family.png. Open results/site/index.html in a browser.",
        ),
    ],
)
def test_a_run_names_only_what_its_target_has(outputs, message):
    assert closing_message(outputs) == message


@pytest.mark.parametrize("kind", ["catalogue", "triggers"])
def test_glitches_without_pictures_and_strain_are_refused(study_of, kind):
    study = study_of(source={"kind": kind, "paths": ["x"]}, strain={"source": "none"})
    with pytest.raises(UserError, match=rf"strain\.source is none, but source\.kind is {kind}.*set strain\."):
        study.check_views()


@pytest.mark.parametrize(
    ("kind", "source"),
    [("images", "none"), ("images", "gwosc"), ("triggers", "frames"), ("catalogue", "gwosc")],
)
def test_glitches_with_pictures_or_strain_are_not_refused(study_of, kind, source):
    study = study_of(source={"kind": kind, "paths": ["x"]}, strain={"source": source, "frames": "y"})
    study.check_views()


def test_a_study_of_labels_has_no_map(study_of):
    study_of().check_map()
    study = study_of(families={"source": "labels"})
    assert not study.mapped
    for check in (study.check_map, study.check_views):
        with pytest.raises(UserError, match=r"families\.source is labels, so no map is made"):
            check()
    facts = study.provenance(lambda rule: rule)
    assert facts["codes"] == {"catalog": "catalog", "map": "group_families", "audit": "audit_groups"}
    assert "embedding" not in facts["settings"]
    assert facts["settings"]["families"]["confidence"] == 0.9


def test_frames_are_inputs_where_the_workflow_makes_them(study_of):
    made = "results/observatory/frames/{ifo}"
    study = study_of(detectors=["H1", "L1"], strain={"source": "frames", "frames": made})
    assert study.frames("strain") == ["results/observatory/frames/H1", "results/observatory/frames/L1"]
    assert study.frames("strain", "L1") == study.range_frames("L1") == ["results/observatory/frames/L1"]
    assert study_of(strain={"source": "frames", "frames": "data/{ifo}"}).frames("strain") == []


def test_weights_are_an_input_unless_they_ship_with_the_project(study_of):
    def weights(name):
        return study_of().weights_of({"backbone": "resnet18", "weights": name})

    assert weights("IMAGENET1K_V1") == "results/weights/resnet18-IMAGENET1K_V1.safetensors"
    assert weights("own.safetensors") == "own.safetensors"
    assert weights("untrained") == weights("resources/encoders/glitch_resnet18.safetensors") == []
    assert study_of().weights_digest({"weights": "own.safetensors"}) is None


def test_what_is_missing_is_named(study_of, tmp_path):
    with pytest.raises(
        UserError, match=r"no file resources/channels/none.csv; see resources/channels/README"
    ):
        study_of().digests(["own.csv", "resources/channels/none.csv"])
    with pytest.raises(UserError, match=r"place\.onto is not set"):
        study_of().old_map()
    download = {"record": 5649212, "files": ["glitches.csv"], "folder": str(tmp_path)}
    with pytest.raises(UserError, match="snakemake --cores 1 download"):
        study_of(download=download).source_files()


def test_folders_of_pictures_are_no_files(study_of, tmp_path):
    (tmp_path / "glitches.csv").mkdir()
    assert study_of().source_files() == []


def page_parts(root):
    """Return the arguments of `page_files` of each rule that has any."""
    text = "".join(path.read_text() for path in sorted((root / "rules").glob("*.smk")))
    calls = re.findall(r"^rule (\w+):(?:(?!^rule ).)*?page_files\(([^)]*)\)", text, re.MULTILINE | re.DOTALL)
    return {rule: re.findall(r'"([^"]+)"', call) for rule, call in calls}


def references(path):
    """Return the templates, styles and scripts that a template names; None for a name that is computed."""
    text = path.read_text(encoding="utf-8")
    tree = jinja2.Environment(autoescape=True).parse(text)
    return {*meta.find_referenced_templates(tree), *re.findall(r"script\(\"([^\"]+)\"\)", text)}


def test_pages_depend_on_all_templates_that_they_use(root, study_of):
    site, parts = root / SITE, page_parts(root)
    for rule, names in parts.items():
        paths = {path.relative_to(site).as_posix() for path in study_of().page_paths(*names)}
        templates = [site / path for path in paths if path.endswith(".html")]
        assert set().union(*map(references, templates)) <= paths, rule
    rendered = {
        "glitch",
        "families",
        "audit",
        "map",
        "front",
        "validation",
        "cost",
        "witnesses",
        "coincidences",
    }
    assert {names[0] for names in parts.values()} == rendered


@pytest.mark.parametrize(
    ("edited", "rules"),
    [
        ("cost/cost.html", {"impact_pages"}),
        ("cost/sentences.html", {"impact_pages", "front_page"}),
        ("cost/unknown.html", {"impact_pages", "atlas", "group_pages"}),
        ("front/methods.html", {"front_page"}),
        ("validation/validation.html", {"validation_page"}),
        ("map/static/map.css", {"explorer"}),
        ("glitch/static/glitch.css", {"glitch_page"}),
    ],
)
def test_an_edited_template_makes_the_pages_anew_that_use_it(root, study_of, edited, rules):
    parts, study = page_parts(root), study_of()
    assert {
        rule for rule, names in parts.items() if root / SITE / edited in study.page_paths(*names)
    } == rules


def test_a_page_has_the_hash_of_each_of_its_files(root, study_of):
    study = study_of()
    hashes = study.page_files("cost")
    assert len(hashes) == len(study.page_paths("cost"))
    assert study.shipped(f"{SITE}/cost/cost.html") in hashes
    assert study.shipped(f"{SITE}/style.css") in study.page_files()


def test_shards_are_listed_and_their_tables_are_there(tmp_path):
    (tmp_path / "shards.txt").write_text("H1-0\nL1-0\n")
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/H1-0.parquet").touch()
    with pytest.raises(UserError, match=r"shards/L1-0\.parquet is missing: .*--forcerun catalog`"):
        shard_names(tmp_path / "shards.txt")
    (tmp_path / "shards/L1-0.parquet").touch()
    assert shard_names(tmp_path / "shards.txt") == ["H1-0", "L1-0"]


def test_families_are_sorted_and_their_member_files_are_there(tmp_path):
    ids = pd.DataFrame({"family": ["F002", "F001"], "n": 1, "new": True, "overlap": 0.0})
    tables.write(FAMILY_IDS, ids, tmp_path / "family_ids.parquet")
    (tmp_path / "members").mkdir()
    (tmp_path / "members/F001.parquet").touch()
    with pytest.raises(UserError, match=r"F002\.parquet is missing: .*--forcerun map_families`"):
        family_names(tmp_path / "family_ids.parquet")
    (tmp_path / "members/F002.parquet").touch()
    assert family_names(tmp_path / "family_ids.parquet") == ["F001", "F002"]
    assert members_file("F002", tmp_path / "family_ids.parquet") == str(tmp_path / "members/F002.parquet")
    with pytest.raises(UserError, match="no family F003; its families are F001 to F002"):
        members_file("F003", tmp_path / "family_ids.parquet")


def test_families_are_read_again_only_when_their_table_has_changed(tmp_path, monkeypatch):
    path = tmp_path / "family_ids.parquet"
    reads = []
    read = tables.read
    monkeypatch.setattr(tables, "read", lambda *arguments: reads.append(path) or read(*arguments))
    (tmp_path / "members").mkdir()
    for time, name in enumerate(("F001", "F002")):
        ids = pd.DataFrame({"family": [name], "n": 1, "new": True, "overlap": 0.0})
        tables.write(FAMILY_IDS, ids, path)
        os.utime(path, (time, time))
        (tmp_path / f"members/{name}.parquet").touch()
        assert family_names(path) == family_names(path) == [name]
    assert len(reads) == 2
