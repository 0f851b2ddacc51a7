"""Families of labels and of a file in a run from times alone: its jobs, its pages, what it refuses."""

import re
from urllib.parse import unquote

import pandas as pd
import pytest
import yaml

from glitch_explorer.audit.schemas import AUDIT_FAMILIES
from glitch_explorer.core import tables
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.impact.schemas import COST
from glitch_explorer.map.schemas import FAMILIES, FAMILY_NAMES, QUALITY, UNIONS
from tests.fixtures.once import made_once
from tests.fixtures.project import SMALL, Project, jobs

pytestmark = pytest.mark.slow

#: Rules that need spectrograms or vectors.
OF_THE_MAP = {
    "make_views", "embed_shard", "map_graph", "map_encoder", "map_layout", "map_families", "map_stability",
    "audit_labels", "audit_leakage", "audit_probe", "leakage_gate", "similar_neighbours", "similar_answers",
    "figures", "atlas", "audit_page", "explorer", "validate_observatory", "validation_page", "write_frames",
}  # fmt: skip
#: Sections of the small demo that are about times, channels and ranges.
KEPT = ("detectors", "source", "segments", "events", "limits", "coupling", "impact", "observatory")
CONFIG = {name: SMALL[name] for name in KEPT} | {
    "families": {
        "source": "labels",
        "confidence": 0,
        "min_size": 4,
        "unions": [{"name": "Scattering", "parts": ["Scattered_Light", "Fast_Scattering"]}],
    }
}


@pytest.fixture(scope="module")
def labelled(root, tmp_path_factory) -> Project:
    """Return a run of the small demo with families of its labels: no strain, no pictures."""

    def make(folder):
        Project.copied(root, folder, CONFIG).run()

    return Project(made_once(tmp_path_factory, "labelled", make))


def names_of(project) -> dict[str, str]:
    """Return the name of each family by id."""
    table = tables.read(FAMILY_NAMES, project.folder / "results/map/family_names.parquet")
    return dict(zip(table["family"], table["name"], strict=True))


def set_families(project, **section):
    """Replace the config's section `families`."""
    path = project.folder / "study.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"families": section}))


def broken_links(site) -> list[tuple[str, str]]:
    """Return the links of the pages to files, or places in pages, that do not exist."""
    broken = []
    glitches = (site / "glitches/index.js").read_text(encoding="utf-8")
    for page in sorted(site.rglob("*.html")):
        for link in set(re.findall(r'(?:href|src)="([^"]+)"', page.read_text(encoding="utf-8"))):
            file, _, place = link.partition("#")
            target = page.parent / unquote(file) if file else page
            if re.match(r"https?:|data:|mailto:", link):
                continue
            if file and target.name == "glitch.html" and place:
                there = f'"{unquote(place)}"' in glitches
            else:
                there = target.exists() and (
                    not place or f'id="{place}"' in target.read_text(encoding="utf-8") or "=" in place
                )
            if not there:
                broken.append((page.name, link))
    return broken


def test_a_study_of_labels_plans_no_job_of_the_map(root, tmp_path):
    project = Project.copied(root, tmp_path / "study", CONFIG)
    text = project.run("--dry-run")
    assert "Exception" not in text
    planned = jobs(text)
    assert not set(planned) & OF_THE_MAP
    for rule in ("catalog", "group_families", "audit_groups", "group_pages", "front_page", "cost"):
        assert planned[rule] == 1
    assert planned["couple_detector"] == planned["measure_range"] == 2
    assert project.plan("map") == {
        **dict.fromkeys(("plan_observatory", "segments", "events", "catalog"), 1),
        **dict.fromkeys(("gather_quarantine", "group_families"), 1),
    }
    for target in ("results/map/vectors.npy", "results/site/map.html", "similar"):
        text = project.run("--dry-run", target, check=False)
        assert "families.source is labels, so no map is made" in text


def test_a_study_of_the_map_plans_no_job_of_labels(root, tmp_path):
    planned = Project.copied(root, tmp_path / "study", SMALL).plan()
    assert not set(planned) & {"group_families", "audit_groups", "group_pages"}
    assert planned["map_families"] == planned["audit_labels"] == planned["atlas"] == 1


def test_every_label_is_a_family_through_all_stages(labelled):
    results = labelled.folder / "results"
    names = names_of(labelled)
    assert len(names) >= 3
    assert list(names.values())[-1] == "Scattering"
    families = tables.read(FAMILIES, results / "map/families.parquet")
    assert (families["family"] != "-1").any()
    assert sorted(path.stem for path in (results / "map/members").glob("*.parquet")) == sorted(names)
    audited = tables.read(AUDIT_FAMILIES, results / "audit/families.parquet")
    assert dict(audited[["family", "name"]].itertuples(index=False)) == names
    slow = tables.read(SLOW_DRIVERS, results / "coupling/slow_drivers/H1.parquet")
    assert set(slow["family"]) <= set(names)
    for family in names:
        assert (results / f"coupling/{family}/witnesses.parquet").is_file()
        assert (results / f"impact/{family}/drivers.parquet").is_file()
    (union,) = set(tables.read(UNIONS, results / "map/unions.parquet")["family"])
    charged = set(tables.read(COST, results / "impact/cost.parquet")["family"])
    assert charged
    assert charged <= set(names) - {union}
    assert not (results / "views").exists()
    assert not (results / "observatory/frames").exists()


def test_the_pages_link_only_what_there_is(labelled):
    site = labelled.folder / "results/site"
    names = names_of(labelled)
    assert sorted(path.stem for path in (site / "family").glob("*.html")) == sorted(names)
    assert not broken_links(site)
    front = (site / "index.html").read_text(encoding="utf-8")
    assert "No map was made" in front
    for page in ("index.html", "atlas.html", "witnesses.html", "cost.html"):
        assert 'href="map.html"' not in (site / page).read_text(encoding="utf-8")
    atlas = (site / "atlas.html").read_text(encoding="utf-8")
    assert all(name in atlas for name in names.values())
    union = next(family for family, name in names.items() if name == "Scattering")
    text = (site / f"family/{union}.html").read_text(encoding="utf-8")
    assert "are charged to the families that it joins" in text
    assert "so no map was made" in text


def test_a_file_gives_the_same_families_as_the_labels_in_it(labelled, tmp_path):
    clone = labelled.clone(tmp_path / "clone")
    results = clone.folder / "results"
    families = tables.read(FAMILIES, results / "map/families.parquet")
    alone = [name for name in names_of(clone).values() if name != "Scattering"]
    named = families.assign(family=families["family"].map(names_of(clone)))
    named.dropna(subset="family")[["glitch_id", "family"]].to_csv(clone.folder / "mine.csv", index=False)
    tables.write(FAMILIES, families, clone.folder / "labels.parquet")
    set_families(clone, source="file", file="mine.csv", min_size=4, compare="labels.parquet")
    clone.run("audit")
    assert list(names_of(clone).values()) == alone
    again = tables.read(FAMILIES, results / "map/families.parquet")
    pd.testing.assert_frame_equal(again, families)
    agreement = tables.read(QUALITY, results / "audit/agreement.parquet").set_index("metric")["value"]
    assert agreement["ami"] == pytest.approx(1)
    # Member files are the same, so the jobs of the families have nothing to do.
    assert "couple_family" not in clone.plan("coupling")


def test_a_file_of_other_glitches_stops_the_run(labelled, tmp_path):
    clone = labelled.clone(tmp_path / "clone")
    (clone.folder / "mine.csv").write_text("ifo,event_time,family\nL1,1000000000.5,a\n")
    set_families(clone, source="file", file="mine.csv")
    text = clone.run("map", check=False)
    log = (clone.folder / "results/logs/group_families.log").read_text()
    assert "none of its 1 rows belongs to a glitch of the catalogue" in text + log
