"""Auxiliary triggers, flags and trends in runs: from labels alone, and beside channels; what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import COINCIDENCE_SHARES, COINCIDENCES, HVETO_ROUNDS
from tests.fixtures.once import made_once
from tests.fixtures.project import SMALL, Project, done_jobs
from tests.workflow.test_families import broken_links, names_of

pytestmark = pytest.mark.slow

#: Jobs that only a study with triggers, flags or trends has, for one detector.
JOBS = {"couple_triggers": 1, "gather_coincidences": 1, "coincidence_pages": 1}
START, LENGTH = 1_241_900_000.0, 40_000.0
CONFIG = {
    "detectors": ["L1"],
    "source": {"kind": "catalogue", "paths": ["glitches.csv"]},
    "segments": {"files": ["L1-segments.txt"]},
    "families": {"source": "labels"},
    "strain": {"source": "none"},
    "coupling": {
        "triggers": [{"path": "{ifo}-monitor.csv", "channel": "{ifo}:ASC-X_TR_B"}],
        "flags": ["flags"],
        "trends": {"files": ["{ifo}-trends.csv"], "channels": ["*.max"]},
        "time_slides": 100,
        "max_time_slides": 400,
    },
}


def write_inputs(folder):
    """Write glitches of two labels; the monitor, a flag and a trend see half of the first's."""
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(START, START + LENGTH, 180))
    labels = np.where(np.arange(180) % 3 == 0, "Blip", "Scattered_Light")
    rows = {"ifo": "L1", "event_time": times, "ml_label": labels, "ml_confidence": 0.99}
    rows |= {"snr": 8 + rng.exponential(10, 180), "gravityspy_id": [f"g{k:04d}" for k in range(180)]}
    pd.DataFrame(rows).to_csv(folder / "glitches.csv", index=False)
    heard = times[labels == "Scattered_Light"][::2]
    triggers = np.concatenate([heard + 0.02, rng.uniform(START, START + LENGTH, 100)])
    pd.DataFrame({"time": triggers, "frequency": 20.0, "snr": 12.0}).to_csv(
        folder / "L1-monitor.csv", index=False
    )
    (folder / "flags").mkdir()
    text = "".join(f"{time - 1:.2f} {time + 1:.2f}\n" for time in heard)
    (folder / "flags/L1-SEEN.txt").write_text(text)
    (folder / "flags/L1-OTHER.txt").write_text(f"{START + 100:.0f} {START + 900:.0f}\n")
    level = rng.lognormal(sigma=0.2, size=int(LENGTH // 60))
    minutes = ((heard - START) // 60).astype(int)
    level[minutes[minutes < len(level)]] *= 3
    trends = {"time": START + 60 * np.arange(len(level)), "L1:PEM-EX_ACC.max": level, "L1:PEM-EX_ACC.n": 60}
    pd.DataFrame(trends).to_csv(folder / "L1-trends.csv", index=False)
    (folder / "L1-segments.txt").write_text(f"{START:.0f} {START + LENGTH:.0f}\n")


@pytest.fixture(scope="module")
def coincident(root, tmp_path_factory) -> Project:
    """Return a run of labels, triggers, flags and trends, without channels, strain or pictures."""

    def make(folder):
        project = Project.copied(root, folder, CONFIG)
        write_inputs(folder)
        project.run()

    return Project(made_once(tmp_path_factory, "coincident", make))


def test_witnesses_of_labels_among_triggers_flags_and_trends(coincident):
    folder = coincident.folder / "results/coupling"
    table = tables.read(COINCIDENCES, folder / "coincidences.parquet")
    named = table.assign(family=table["family"].map(names_of(coincident))).set_index(["family", "channel"])
    assert len(named) == 8
    significant = set(named.index[named["q_value"] <= 0.05])
    witnesses = ("L1:ASC-X_TR_B", "L1:SEEN", "L1:PEM-EX_ACC.max")
    assert significant == {("Scattered_Light", name) for name in witnesses}
    trend = named.loc[("Scattered_Light", "L1:PEM-EX_ACC.max")]
    assert trend[["kind", "measure", "window", "lag"]].tolist() == ["trends", "high", 60.0, 0.0]
    monitor = named.loc[("Scattered_Light", "L1:ASC-X_TR_B")]
    assert monitor["efficiency"] == pytest.approx(0.5, abs=0.02)
    assert monitor["kind"] == "triggers"
    assert monitor["safety"] == "unknown"
    assert monitor["delay"] == pytest.approx(0.02, abs=0.005)
    rounds = tables.read(HVETO_ROUNDS, folder / "hveto_rounds.parquet")
    assert rounds["channel"].tolist() == ["L1:ASC-X_TR_B"]
    assert set(tables.read(COINCIDENCE_SHARES, folder / "coincidence_shares.parquet")["by"]) == {"snr", "day"}


def test_the_pages_have_the_sections_and_the_record_has_the_files(coincident):
    results = coincident.folder / "results"
    scattered = next(family for family, name in names_of(coincident).items() if name == "Scattered_Light")
    page = (results / f"site/family/{scattered}.html").read_text()
    assert "Coincidences with auxiliary triggers, flags and trends" in page
    assert "SNR ≥ " in page
    assert "level in the highest" in page
    assert "hveto's rounds" in page
    assert "the safety of 3 witnesses in L1 is unknown" in page
    witnesses = (results / "site/witnesses.html").read_text()
    assert f'href="family/{scattered}.html#coincidences"' in witnesses
    assert not broken_links(results / "site")
    front = (results / "site/index.html").read_text()
    assert "4 channels tested" in front
    assert "coincides with 50" in front
    assert "Nothing is significant" not in front
    record = json.loads((results / "provenance.json").read_text())
    paths = [
        entry["path"] for entry in record["inputs"]["coupling.triggers, coupling.flags, coupling.trends"]
    ]
    assert paths == ["L1-monitor.csv", "flags", "L1-trends.csv"]
    assert any(entry["path"].endswith("coupling/coincidences.parquet") for entry in record["results"])


def test_only_a_change_of_triggers_flags_or_scan_compares_again(coincident, tmp_path):
    clone = coincident.clone(tmp_path / "clone")
    assert "Nothing to be done" in clone.run("--dry-run", "coupling")
    (clone.folder / "flags/L1-MORE.txt").write_text(f"{START + 100:.0f} {START + 900:.0f}\n")
    assert clone.plan("coupling") == JOBS | {"gather_evidence": 1, "coincidence_page": 1}
    clone = coincident.clone(tmp_path / "other")
    clone.configure(coupling={"scan": {"windows_s": [0.2]}})
    planned = clone.plan()
    assert planned["couple_triggers"] == 1
    assert not set(planned) & {"catalog", "segments", "group_families"}
    # Jobs that make the same catalogue again hide no other change.
    with (clone.folder / "scripts/catalog.py").open("a") as script:
        script.write("    print()\n")
    assert done_jobs(clone.run("coupling"))["couple_triggers"] == 1
    assert clone.plan("coupling") == {}
    clone.configure(limits={"quarantined_share": 0.3}, coupling={"scan": {"windows_s": [0.4]}})
    assert done_jobs(clone.run("coupling"))["couple_triggers"] == 1
    assert clone.plan("coupling") == {}


def test_bad_input_is_named(coincident, tmp_path):
    clone = coincident.clone(tmp_path / "clone")
    pd.DataFrame({"time": [START + 9e6], "snr": [9.0]}).to_csv(clone.folder / "late.csv", index=False)
    clone.configure(coupling={"triggers": [{"path": "late.csv", "channel": "L1:A"}]})
    text = clone.run("coupling", check=False)
    assert "no auxiliary trigger of L1 is left of 1 in 1 files: 1 are outside the analysis segments" in text
    clone.configure(coupling={"triggers": ["late.csv"]})
    assert "coupling.triggers.0: 'late.csv' is not of type 'object'" in clone.run("--dry-run", check=False)


def test_a_missing_file_is_named_before_the_first_job(root, tmp_path):
    project = Project.copied(
        root, tmp_path / "study", CONFIG | {"coupling": {"triggers": [{"path": "none.csv"}]}}
    )
    write_inputs(project.folder)
    text = project.run("--dry-run", check=False)
    assert "Missing input files for rule couple_triggers" in text
    assert "none.csv" in text


def test_without_triggers_and_flags_the_jobs_are_those_of_channels(root, tmp_path):
    without = Project.copied(root, tmp_path / "without", SMALL).plan()
    assert not set(without) & {*JOBS, "coincidence_page"}
    coupling = SMALL["coupling"] | {"triggers": [{"path": "x.csv", "channel": "H1:A"}]}
    project = Project.copied(root, tmp_path / "with", SMALL | {"coupling": coupling})
    (project.folder / "x.csv").touch()
    assert project.plan() == without | JOBS | {"couple_triggers": len(SMALL["detectors"])}


def test_trends_alone_are_compared(root, tmp_path):
    coupling = {"trends": {"files": ["L1-trends.csv"]}}
    project = Project.copied(root, tmp_path / "study", CONFIG | {"coupling": coupling})
    write_inputs(project.folder)
    assert JOBS.items() <= project.plan("coupling").items()
    project.configure(coupling={"trends": {"files": ["none.hdf5"]}})
    assert "none.hdf5" in project.run("--dry-run", check=False)


def test_triggers_beside_channels_share_the_pages(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    rows = tables.read(GLITCHES, clone.folder / "results/catalog/glitches.parquet")
    times = rows.loc[rows["ifo"] == "H1", "event_time"]
    frame = pd.DataFrame({"channel": "H1:TRIGGERED", "time": times + 0.01, "snr": 20.0})
    frame.to_csv(clone.folder / "triggers.csv", index=False)
    clone.configure(coupling={"triggers": [{"path": "triggers.csv"}]})
    done = done_jobs(clone.run("site"))
    assert done["couple_triggers"] == 2
    assert "couple_family" not in done
    site = clone.folder / "results/site"
    page = (site / "witnesses.html").read_text()
    assert 'id="coincidences"' in page
    assert 'id="matrix"' in page
    assert "H1:TRIGGERED" in page
    assert 'id="coincidences"' in (site / "family/F001.html").read_text()
