"""The configs for real data, as they ship, with servers of their kind on loopback."""

import numpy as np
import pandas as pd
import pytest
import yaml
from gwpy.table import EventTable
from gwpy.timeseries import TimeSeries, TimeSeriesDict

from glitch_explorer.catalog.classes import CATALOGUE_CLASSES
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.coupling.channels.source import open_source
from glitch_explorer.coupling.detector import detector_slow_drivers, group_channels
from glitch_explorer.coupling.schemas import CHANNEL_COVERAGE, FAMILY_WITNESSES, WITNESSES
from glitch_explorer.map.members import write_members
from glitch_explorer.map.schemas import FAMILY_IDS, FAMILY_NAMES
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.views.schemas import VIEWS
from tests.fixtures.project import Project, done_jobs
from tests.servers.datafind import serve_datafind
from tests.servers.web import plain, serve

pytestmark = pytest.mark.slow

#: The first whole trend frame of the configs' time.
T0 = 1262995218 // 600 * 600 + 600
SITTING_S = 1800
#: Glitches of the planted family, and the seconds after each in which its witness is up.
UP_S = 3


def study(root, folder, name):
    """Return a project whose study is a shipped config."""
    return Project.copied(root, folder, yaml.safe_load((root / "config" / name).read_text()))


def family(project, label):
    """Write what couplings need of a map whose only family is a label's glitches; return their times."""
    catalog = project.folder / "results/catalog"
    glitches = tables.read(GLITCHES, catalog / "glitches.parquet")
    own = glitches[glitches["label"] == label] if label else glitches
    segments = tables.read(SEGMENTS, catalog / "segments.parquet")
    folder = project.folder / "results/map"
    write_members(own.assign(view="", family="F001"), glitches, segments, folder / "members")
    ids = pd.DataFrame({"family": ["F001"], "n": len(own), "new": True, "overlap": 0.0})
    tables.write(FAMILY_IDS, ids, folder / "family_ids.parquet")
    for name in ("families.parquet", "condensed_tree.npz", "quality.parquet"):
        (folder / name).touch()
    return own["event_time"].to_numpy()


def couple(project):
    """Run the family's couplings and nothing before them; return what was printed."""
    return project.run("results/coupling/F001/witnesses.parquet", "--allowed-rules", "couple_family")


def write(path, data, start):
    made = TimeSeriesDict()
    for name, (values, rate) in data.items():
        made[name] = TimeSeries(values, t0=start, sample_rate=rate, name=name, channel=name)
    made.write(str(path), format="gwf")


# O3 from public sources.

WITNESS = "ISI-GND_STS_ITMY_Z_BLRMS_1_3.rms"
TRENDS = ["ISI-GND_STS_ITMY_Z_BLRMS_30M_100M.rms", WITNESS, "PEM-TEST_WIND.rms", "PEM-LATE_ACC.rms"]


def zenodo(path, times, label, ifo):
    """Write a catalogue with the columns of record 5649212; `label` is that of all times, or one for each."""
    confidences = [
        name for name in CATALOGUE_CLASSES if name not in ("Blip_Low_Frequency", "Fast_Scattering")
    ]
    row = dict.fromkeys(confidences, 0.01) | {
        "ifo": ifo,
        "peak_time_ns": 0,
        "duration": 0.5,
        "bandwidth": 20.0,
    }
    row |= {"peak_frequency": 30.0, "central_freq": 30.0, "channel": "GDS-CALIB_STRAIN", "amplitude": 1e-22}
    row |= {"snr": 12.0, "q_value": 20, "ml_confidence": 0.98, "start_time_ns": 0}
    row |= {f"url{i}": "?" for i in range(1, 5)}
    frame = pd.DataFrame([row] * len(times)).assign(ml_label=label)
    frame = frame.assign(event_time=times, peak_time=times.astype(int))
    frame = frame.assign(
        start_time=frame["peak_time"], gravityspy_id=[f"{ifo}id{i:06d}" for i in range(len(times))]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)


def trend_frames(web, folder, times, ifo="H1"):
    """Write 1 Hz trends of a detector where only the federation has them; one channel begins late."""
    rng = np.random.default_rng(3)
    for number in range(2 * SITTING_S // 600):
        start = T0 + 600 * number
        seconds = start + np.arange(600)
        up = ((seconds[:, None] >= times) & (seconds[:, None] < times + UP_S)).any(axis=1)
        data = {f"{ifo}:{name}": (rng.gamma(30.0, 1.0, 600).astype(np.float32), 1) for name in TRENDS}
        data[f"{ifo}:{WITNESS}"][0][up] *= 6
        if number < 3:
            del data[f"{ifo}:{TRENDS[3]}"]
        path = folder / f"{ifo[0]}-{ifo}_AUX_TREND-{start}-600.gwf"
        write(path, data, start)
        web.answers[f"/gwdata/O3AUX/AUX_TREND/{ifo}/{path.name}"] = plain(path.read_bytes())
        path.unlink()


def test_o3_public(root, tmp_path, monkeypatch):
    project = study(root, tmp_path / "study", "o3-public.yaml")
    text = project.run("--dry-run", check=False)
    assert "data/5649212/H1_O3b.csv is not there; fetch it first: run `snakemake --cores 1 download`" in text
    times = T0 + np.sort(np.random.default_rng(1).uniform(70, 2 * SITTING_S - 70, 40)).round(3)
    zenodo(project.folder / "data/5649212/H1_O3b.csv", times, "Scattered_Light", "H1")
    zenodo(project.folder / "data/5649212/L1_O3b.csv", times[:3] + 5e6, "Tomte", "L1")
    (project.folder / "segments.csv").write_text(
        f"ifo,start,end\nH1,{T0},{T0 + SITTING_S}\nH1,{T0 + SITTING_S},{T0 + 2 * SITTING_S}\n"
    )
    plan = project.plan("all", "download")
    assert {"segments", "events", "catalog", "map_graph", "couple_detector", "download"} <= plan.keys()
    assert plan["couple_detector"] == 2
    project.configure(segments={"files": ["segments.csv"], "flags": []}, events={"gwosc": False})
    with serve() as web:
        trend_frames(web, tmp_path, times)
        monkeypatch.setenv("OSDF_DIRECTOR", web.url)
        osdf, stretches = "osdf:///gwdata/O3AUX/AUX_TREND/H1", [(T0, T0 + 2 * SITTING_S)]
        with serve_datafind(
            tmp_path, site="H", tag="H1_AUX_TREND", duration=600, stretches=stretches, osdf=osdf
        ) as url:
            config = project.configure(coupling={"host": url})
            assert set(done_jobs(project.run("catalog"))) == {"segments", "events", "catalog"}
            assert np.array_equal(family(project, "Scattered_Light"), times)
            folder = "results/coupling/F001"
            assert done_jobs(couple(project)) == {"couple_family": 1}
            slow, groups = detector(project, config["coupling"], root)
    check_witnesses(project.folder / folder)
    assert set(slow["band"]) == {"0.03-0.1", "1-3", "broadband"}
    assert set(groups["channel"]) == {f"H1:{name}" for name in TRENDS}


def check_witnesses(folder):
    found = tables.read(FAMILY_WITNESSES, folder / "witnesses.parquet").set_index("channel")
    assert set(found.index) == {f"H1:{name}" for name in TRENDS}
    assert set(found["band"]) == {"0.03-0.1", "1-3", "broadband"}
    assert found["p_fwer"].idxmin() == f"H1:{WITNESS}"
    assert found.loc[f"H1:{WITNESS}", "p_fwer"] <= 0.05
    # The witness is up in the three seconds from the glitch on; a second's RMS is known when it is over.
    assert 0 <= found.loc[f"H1:{WITNESS}", "lag"] <= UP_S + 1
    assert (found.drop(f"H1:{WITNESS}")["p_fwer"] > 0.05).all()
    covered = tables.read(CHANNEL_COVERAGE, folder / "coverage.parquet").set_index("channel")
    assert covered.loc[f"H1:{WITNESS}", "share"] > 0.99
    assert covered.loc[f"H1:{TRENDS[3]}", "share"] == pytest.approx(0.5, abs=0.02)
    assert covered.loc[f"H1:{TRENDS[3]}", "no_channel"] == pytest.approx(0.5, abs=0.01)


def detector(project, options, root):
    """Do a detector's own job, whose input is the map, with the config's values."""
    source = open_source(
        options["source"],
        frames=None,
        frame_type=options["frame_type"],
        host=options["host"],
        lists=[root / name for name in options["channels"]],
        safety=[],
        store=project.folder / "results/coupling/store",
        store_gib=1,
        bands=[(1.0, 3.0)],
        strain="{ifo}:OBS-STRAIN",
    )
    results = project.folder / "results"
    segments = tables.read(SEGMENTS, results / "catalog/segments.parquet")
    glitches = tables.read(GLITCHES, results / "catalog/glitches.parquet")
    groups = group_channels(glitches, segments, ifo="H1", source=source, max_glitches=50)
    rates = detector_slow_drivers(
        [results / "map/members/F001.parquet"],
        segments,
        groups,
        ifo="H1",
        source=source,
        ground=options["ground"],
        seed=1,
    )
    return rates.drivers, groups


def test_o3_labels(root, tmp_path, monkeypatch):
    project = study(root, tmp_path / "study", "o3-labels.yaml")
    text = project.run("--dry-run", check=False)
    assert "data/5649212/L1_O3b.csv is not there; fetch it first: run `snakemake --cores 1 download`" in text
    rng = np.random.default_rng(1)
    times = T0 + np.sort(rng.uniform(70, 2 * SITTING_S - 70, 60)).round(3)
    labels = rng.permutation(["Scattered_Light"] * 30 + ["Fast_Scattering"] * 20 + ["Tomte"] * 10)
    zenodo(project.folder / "data/5649212/L1_O3b.csv", times, labels, "L1")
    (project.folder / "segments.csv").write_text(
        f"ifo,start,end\nL1,{T0},{T0 + SITTING_S}\nL1,{T0 + SITTING_S},{T0 + 2 * SITTING_S}\n"
    )
    project.configure(segments={"files": ["segments.csv"], "flags": []}, events={"gwosc": False})
    scattered = np.isin(labels, ["Scattered_Light", "Fast_Scattering"])
    with serve() as web:
        trend_frames(web, tmp_path, times[scattered], ifo="L1")
        monkeypatch.setenv("OSDF_DIRECTOR", web.url)
        osdf, stretches = "osdf:///gwdata/O3AUX/AUX_TREND/L1", [(T0, T0 + 2 * SITTING_S)]
        with serve_datafind(
            tmp_path, site="L", tag="L1_AUX_TREND", duration=600, stretches=stretches, osdf=osdf
        ) as url:
            project.configure(coupling={"host": url})
            project.run()
    results = project.folder / "results"
    names = tables.read(FAMILY_NAMES, results / "map/family_names.parquet")["name"].tolist()
    assert names == ["Scattered_Light", "Fast_Scattering", "Scattering"]
    found = tables.read(WITNESSES, results / "coupling/witnesses.parquet")
    best = found.loc[found.groupby("family")["p_fwer"].idxmin()]
    assert dict(zip(best["family"], best["channel"], strict=True)) == dict.fromkeys(
        ["F001", "F002", "F003"], f"L1:{WITNESS}"
    )
    assert (best["q_value"] <= 0.05).all()
    assert not (results / "views").exists()
    assert "Scattered_Light" in (results / "site/witnesses.html").read_text()


# A LIGO cluster.


def omicron(folder, times):
    """Write triggers as Omicron does, a file for each stretch of time."""
    folder.mkdir(parents=True)
    for own in np.array_split(times, 2):
        seconds = own.astype(int)
        table = EventTable(
            {
                "ifo": ["L1"] * len(own),
                "channel": ["GDS-CALIB_STRAIN"] * len(own),
                "peak_time": seconds,
                "peak_time_ns": ((own - seconds) * 1e9).round().astype(int),
                "start_time": seconds,
                "start_time_ns": np.zeros(len(own), int),
                "duration": np.full(len(own), 0.25),
                "snr": np.full(len(own), 15.0),
                "peak_frequency": np.full(len(own), 120.0),
                "central_freq": np.full(len(own), 120.0),
                "bandwidth": np.full(len(own), 40.0),
                "amplitude": np.full(len(own), 1e-22),
                "event_id": np.arange(len(own)),
            }
        )
        name = f"L1-GDS_CALIB_STRAIN_OMICRON-{seconds[0]}-{seconds[-1] - seconds[0] + 1}.xml.gz"
        table.write(str(folder / name), format="ligolw", tablename="sngl_burst")


def cluster_frames(folder, times, length):
    """Write strain and raw frames of L1; a thump comes with each trigger."""
    rng, rate = np.random.default_rng(5), 128
    for at in range(T0, T0 + length, 128):
        strain = {"L1:GDS-CALIB_STRAIN": (rng.normal(0, 1e-22, 128 * 4096), 4096)}
        write(folder / f"L-L1_HOFT_C00-{at}-128.gwf", strain, at)
        seconds = at + np.arange(128 * rate) / rate
        near = (np.abs(seconds[:, None] - times) < 0.5).any(axis=1)
        raw = {f"L1:PEM-CS_ACC_{x}_DQ": (rng.normal(0, 1, 128 * rate).astype(np.float32), rate) for x in "AB"}
        raw["L1:PEM-CS_ACC_A_DQ"][0][near] *= 8
        raw["L1:PEM-CS_ACC_A_NOT"] = raw["L1:PEM-CS_ACC_B_DQ"]
        write(folder / f"L-L1_R-{at}-128.gwf", raw, at)


def test_ldg(root, tmp_path, monkeypatch):
    project = study(root, tmp_path / "study", "ldg.yaml")
    length = 12 * 128
    times = (
        T0 + 80 + np.sort(np.random.default_rng(2).choice(np.arange(0, length - 160, 12), 16, replace=False))
    )
    omicron(project.folder / "triggers/L1", times + 0.25)
    (project.folder / "L1-segments.txt").write_text(f"{T0} {T0 + length}\n")
    (project.folder / "channels.csv").write_text("channel,kind\n{ifo}:PEM-*_DQ,raw\n")
    cluster_frames(tmp_path, times + 0.25, length)
    plan = project.plan()
    assert {"segments", "events", "catalog", "map_graph", "couple_detector"} <= plan.keys()
    assert plan["couple_detector"] == 1
    project.configure(segments={"files": ["L1-segments.txt"], "flags": []}, events={"gwosc": False})
    stretches = [(T0, T0 + length)]
    tags = ["L1_HOFT_C00", "L1_R"]
    with serve_datafind(tmp_path, site="L", tag=tags, duration=128, stretches=stretches) as url:
        monkeypatch.setenv("GWDATAFIND_SERVER", url)
        done = done_jobs(project.run("views"))
        assert done == {"segments": 1, "events": 1, "catalog": 1, "make_views": 1}
        assert np.allclose(family(project, None), times + 0.25)
        couple(project)
    shard = (project.folder / "results/catalog/shards.txt").read_text().strip()
    status = tables.read(VIEWS, project.folder / f"results/views/{shard}.parquet")
    assert len(status) == len(times)
    found = tables.read(FAMILY_WITNESSES, project.folder / "results/coupling/F001/witnesses.parquet")
    assert set(found["channel"]) == {"L1:PEM-CS_ACC_A_DQ", "L1:PEM-CS_ACC_B_DQ"}
    assert set(found.loc[found["p_fwer"] <= 0.05, "channel"]) == {"L1:PEM-CS_ACC_A_DQ"}
