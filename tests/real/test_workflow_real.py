"""The whole workflow on real data: pictures, a catalogue, triggers, and what users get wrong."""

import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.core.views import VIEW_PRESENT
from glitch_explorer.map.quality import cosine_distances
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.workflow.reference import all_schemas
from tests.fixtures.project import Project

pytestmark = pytest.mark.slow

COMMON = {
    "embedding": {"backbone": "gradients", "weights": "untrained"},
    "audit": {"permutations": 100},
    "figures": {"dpi": 60},
}
FEW = {"n_neighbors": 5, "min_cluster_size": 3, "min_samples": 1, "stability_runs": 2}
SCRIPT = "<script>alert(1)</script>"


def table(project: Project, name: str, path: str) -> pd.DataFrame:
    return tables.read(all_schemas()[name], project.folder / "results" / path)


def mapped(project: Project) -> pd.DataFrame:
    """Return the map's rows, with their labels."""
    labels = table(project, "glitches", "catalog/glitches.parquet")[["glitch_id", "label"]]
    return table(project, "families", "map/families.parquet").merge(labels, on="glitch_id", how="left")


def page(project: Project, name: str) -> str:
    return (project.folder / "results/site" / name).read_text()


def check_site(project: Project) -> None:
    """Every family has a page that the atlas links; the front page shows the map's and audit's figures."""
    families = sorted(set(mapped(project)["family"]) - {UNASSIGNED})
    pages = sorted(path.stem for path in (project.folder / "results/site/family").glob("*.html"))
    assert pages == families
    assert all(f'href="family/{family}.html"' in page(project, "atlas.html") for family in families)
    front = page(project, "index.html")
    shown = list((project.folder / "results/site/figures").glob("*.png"))
    assert front.count('src="figures/') == len(shown) == 8
    assert 'href="map.html"' in front
    assert page(project, "map.html")


def nearest_is_alike(project: Project) -> float:
    """Return the share of map rows whose nearest neighbour has the same label."""
    results = project.folder / "results/map"
    with np.load(results / "neighbours.npz") as stored:
        distances = cosine_distances(np.load(results / "vectors.npy"), stored["mask"])
    np.fill_diagonal(distances, np.inf)
    label = mapped(project)["label"].to_numpy(dtype=str)
    return float((label == label[distances.argmin(axis=1)]).mean())


def test_golden_pictures_go_all_the_way(root, shared_data, tmp_path):
    source = {"kind": "images", "paths": [str(shared_data / "images/golden")]}
    project = Project.copied(root, tmp_path / "golden", COMMON | {"source": source, "map": FEW})
    project.run()
    rows = mapped(project)
    assert len(rows) == len(table(project, "glitches", "catalog/glitches.parquet")) == 84
    assert rows["label"].nunique() == 27
    assert table(project, "quarantine", "catalog/quarantine.parquet").empty
    alike = nearest_is_alike(project)
    print(f"golden pictures: the nearest neighbour has the same type for {alike:.1%}")
    # 62 % when this was written; 3 of 84 of a type make chance 2.4 %.
    assert alike >= 0.55
    quality = table(project, "quality", "map/quality.parquet").set_index("metric")["value"]
    assert quality["ami"] >= 0.3
    check_site(project)


def bomb(path: Path, side: int = 60000) -> None:
    """Write a PNG of a few kB that unpacks to `side` x `side` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * 100), 9)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def spoil(tree: Path, metadata: Path) -> dict[str, str]:
    """Spoil some of the training pictures and write metadata; give the glitches by what was done."""
    files: dict[str, list[Path]] = {}
    for path in sorted(tree.rglob("*.png")):
        files.setdefault(path.name.split("_spectrogram")[0], []).append(path)
    blips = [key for key, paths in files.items() if paths[0].parent.name == "Blip"]
    half, bombed, unlabelled, late, *rest = blips
    files[half][0].write_bytes(files[half][0].read_bytes()[:20000])
    for path in files[bombed]:
        bomb(path)
    # The only glitch of its shard.
    for path in files["L1_123abc1234"]:
        path.write_bytes(b"no picture")
    folder = tree / "<img src=x onerror=alert(1)>"
    folder.mkdir()
    for path in files[unlabelled]:
        path.rename(folder / path.name)
    lines = [f"{key[3:]},H1,{1126400000 + n},{SCRIPT if n < 4 else ''}" for n, key in enumerate(rest)]
    header = "gravityspy_id,ifo,event_time,ml_label"
    metadata.write_text("\n".join([header, *lines, f"{late[3:]},H1,NaN,Blip", ""]))
    return {"half": half[3:], "bombed": bombed[3:], "unlabelled": unlabelled[3:], "late": late[3:]}


def test_spoilt_training_pictures_are_set_aside_and_the_rest_is_mapped(root, shared_data, tmp_path):
    source = {"kind": "images", "paths": ["tree"], "metadata": ["own.csv"]}
    config = COMMON | {"source": source, "map": FEW, "limits": {"quarantined_share": 0.5}}
    project = Project.copied(root, tmp_path / "tree", config)
    tree = project.folder / "tree"
    shutil.copytree(shared_data / "images/training_tree", tree)
    done = spoil(tree, project.folder / "own.csv")
    project.run()

    aside = table(project, "quarantine", "catalog/quarantine.parquet")
    reasons = aside.groupby("glitch_id")["reason"].agg(lambda told: " | ".join(sorted(set(told))))
    assert sorted(reasons.index) == sorted([done["half"], done["bombed"], done["late"], "123abc1234"])
    assert reasons[done["half"]] == "picture_broken"
    assert reasons[done["bombed"]] == "decompression_bomb"
    assert reasons[done["late"]] == "event_time_missing"
    assert reasons["123abc1234"] == "not_png_or_jpeg"

    rows = mapped(project).set_index("glitch_id")
    assert len(rows) == 16
    assert not {done["bombed"], "123abc1234"} & set(rows.index)
    assert pd.isna(rows.loc[done["unlabelled"], "label"])
    assert (rows["label"] == SCRIPT).sum() == 4
    found = rows[rows["family"] != UNASSIGNED]
    scratchy = set(found.loc[found["label"] == "Scratchy", "family"])
    assert scratchy.isdisjoint(found.loc[found["label"] != "Scratchy", "family"])
    check_site(project)
    pages = [path.read_text() for path in (project.folder / "results/site").rglob("*.htm*")]
    assert any("&lt;script&gt;alert(1)" in text for text in pages)
    assert not any("<script>alert" in text or "<img src=x" in text for text in pages)

    (project.folder / "own.csv").write_text("gravity,ifo\nx,H1\n")
    answer = project.run("catalog", check=False)
    assert "own.csv has no column 'gravityspy_id'" in answer
    assert "Traceback" not in answer
    (project.folder / "nothing").mkdir()
    project.configure(source={"paths": ["nothing"], "metadata": []})
    answer = project.run("catalog", check=False)
    assert "source 'nothing' has no picture" in answer
    assert "Traceback" not in answer


#: A frame of 128 s from here holds four glitches of the O3a list, which has 54 within 6 h.
FRAME, FRAME_S, AROUND_S = 1242693660, 128, 21600


def write_frame(shared_data: Path, folder: Path) -> None:
    """Write real O3b strain at a time of the O3a list."""
    from gwpy.timeseries import TimeSeries

    channel = "H1:GWOSC-4KHZ_R1_STRAIN"
    real = shared_data / "strain/H-H1_GWOSC_O3b_4KHZ_R1-1266281937-128.gwf"
    series = TimeSeries.read(real, channel)
    series.t0 = FRAME
    folder.mkdir()
    series.write(folder / f"H-H1_GWOSC_O3a_4KHZ_R1-{FRAME}-{FRAME_S}.gwf", format="gwf")


def test_a_catalogue_whose_frames_hold_only_part_of_it(root, shared_data, tmp_path):
    source = {
        "kind": "catalogue",
        "paths": [str(shared_data / "catalogs/gravityspy_O3a_month.csv")],
        "gps": [FRAME - AROUND_S, FRAME + AROUND_S],
    }
    strain = {"source": "frames", "frames": "frames", "channel": "{ifo}:GWOSC-4KHZ_R1_STRAIN"}
    # The map's keys are the defaults, made for thousands of glitches.
    config = COMMON | {"detectors": ["H1"], "source": source, "strain": strain}
    project = Project.copied(root, tmp_path / "o3a", config)
    write_frame(shared_data, project.folder / "frames")

    answer = project.run(check=False)
    assert "50 of 54 glitches are in quarantine" in answer
    assert "limits.quarantined_share = 0.1" in answer
    assert "Traceback" not in answer
    assert not (project.folder / "results/map/rows.parquet").exists()
    glitches = table(project, "glitches", "catalog/glitches.parquet").set_index("glitch_id")
    inside = glitches["event_time"].between(FRAME, FRAME + FRAME_S)
    (shard,) = glitches["shard"].unique()
    status = table(project, "views", f"views/{shard}.parquet").set_index("glitch_id")
    has = status[list(VIEW_PRESENT)]
    assert has[inside].all(axis=None)
    assert not has[~inside].any(axis=None)
    assert status.loc[inside, "flags"].str.contains("nyquist_limited").all()

    project.configure(limits={"quarantined_share": 1.0})
    done = project.run()
    assert "rule make_views" not in done
    aside = table(project, "quarantine", "catalog/quarantine.parquet")
    assert sorted(aside["glitch_id"]) == sorted(glitches.index[~inside])
    assert set(aside["reason"]) == {"no_frame"}
    assert sorted(mapped(project)["glitch_id"]) == sorted(glitches.index[inside])
    assert (mapped(project)["family"] == UNASSIGNED).all()
    check_site(project)


def test_triggers_are_scanned_only_where_there_is_strain(root, shared_data, tmp_path):
    source = {
        "kind": "triggers",
        "paths": [str(shared_data / "triggers/H1-LDAS_STRAIN-968654552-10.xml.gz")],
        "snr": [1.5, None],
    }
    strain = {
        "source": "frames",
        "frames": str(shared_data / "strain"),
        "frame_type": "HW100916",
        "channel": "{ifo}:LDAS-STRAIN",
    }
    config = COMMON | {"detectors": ["H1"], "source": source, "strain": strain}
    project = Project.copied(root, tmp_path / "triggers", config | {"limits": {"quarantined_share": 1.0}})
    project.run("results/catalog/quarantine.parquet")
    glitches = table(project, "glitches", "catalog/glitches.parquet")
    aside = table(project, "quarantine", "catalog/quarantine.parquet")
    assert glitches["snr"].min() >= 1.5
    assert len(glitches) > 100
    # One second of strain is too little for a Q-scan, even of the triggers in it.
    assert sorted(aside["glitch_id"]) == sorted(glitches["glitch_id"])
    assert aside["detail"].str.contains("[968654552.000, 968654553.000)", regex=False).any()
    assert set(aside["reason"]) == {"no_frame", "strain_gap"}
