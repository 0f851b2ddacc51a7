"""A small results folder in the pipeline's own formats, made of drawn shapes: no strain, no network."""

import html
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from glitch_explorer.audit.leakage import make_leakage
from glitch_explorer.audit.run import make_audit
from glitch_explorer.audit.schemas import PROBE
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.core.views import VIEW_LENGTHS_S, VIEW_NAMES
from glitch_explorer.map.schemas import COORDINATES, FAMILIES, FAMILY_IDS, MAP_ROWS, QUALITY, STABILITY
from glitch_explorer.similar.neighbours import make_neighbours
from glitch_explorer.site.audit.page import write_audit_page
from glitch_explorer.site.families.atlas import read_atlas, write_atlas
from glitch_explorer.site.figures import draw_figures
from glitch_explorer.site.front.page import FrontFiles, write_front
from glitch_explorer.site.front.provenance import Provenance
from glitch_explorer.site.glitch.files import GlitchFiles
from glitch_explorer.site.glitch.page import write_glitch_page
from glitch_explorer.site.map.gwpy_line import gwpy_line
from glitch_explorer.site.map.page import write_map_page
from glitch_explorer.sources.schemas import EVENTS, SEGMENTS
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.status import views_table
from glitch_explorer.workflow.reference import all_schemas

#: A label that must never become markup.
HOSTILE = "<script>alert(1)</script>"
#: One of 10,000 characters that changes the reading direction, closes quotes and tags, and names a handler.
WORST = "\u202e\u2067'\"></td><img src=x onerror=alert(1)>{{ 7 * 7 }}${alert(1)}&lt;" + 9930 * "x"
SIZE = 128
#: Settings of the config, as the workflow passes them.
SETTINGS = {
    "source": {"kind": "catalogue", "paths": ["/home/someone/H1_O3b.csv"]},
    "strain": {"source": "gwosc", "host": None},
    "events": {"gwosc": True},
    "families": {"source": "map"},
    "map": {"n_neighbors": 30, "reference": None},
}
STAGES = ("catalog", "views", "embed", "map", "audit", "coupling", "impact")
CODES = dict.fromkeys(STAGES, "0123456789abcdef")
CITATION = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text())


def picture(kind: int, along: float, loud: float, generator: np.random.Generator) -> np.ndarray:
    """Draw the four views, uint8 (4, SIZE, SIZE), of a glitch of `kind`, bent by `along`."""
    frequency = np.linspace(np.log2(2048), np.log2(10), SIZE)[:, None]
    low = 4 + 0.28 * (kind * 7 % 24) + 0.6 * along
    views = []
    for length in VIEW_LENGTHS_S:
        time = np.linspace(-length / 2, length / 2, SIZE)[None, :]
        width = 0.02 * 2 ** (kind % 6)
        shape = (
            np.exp(-((time / width) ** 2) - ((frequency - low) / 0.8) ** 2),
            np.exp(-((frequency - low - 4 * (time / (6 * width)) ** 2) ** 2) / 0.08 - (time / width) ** 4),
            np.exp(-((frequency - low) ** 2) / 0.05) * (0.6 + 0.4 * np.cos(time / width * 3)),
            np.exp(-((frequency - low - 6 * time) ** 2) / 0.15 - (time / (3 * width)) ** 2),
        )[kind % 4]
        noise = generator.exponential(0.6, (SIZE, SIZE))
        views.append(np.rint(10 * np.clip(loud * shape + noise, 0, 25.5)))
    return np.array(views, dtype=np.uint8)


def nearest(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    distance = np.clip(1 - vectors @ vectors.T / (vectors**2).sum(axis=1).mean(), 0, None)
    np.fill_diagonal(distance, np.inf)
    indices = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return indices.astype(np.int32), np.take_along_axis(distance, indices, axis=1).astype(np.float32)


def catalogue(looks: pd.DataFrame) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    count, kinds = len(looks), looks["kind"].to_numpy()
    ifo = np.where(generator.random(count) < 0.5, "H1", "L1")
    time = np.sort(1262304000 + generator.random(count) * 8 * 86400)
    names = [f"class {kind:02d}" for kind in range(60)]
    names[1], names[2] = HOSTILE, WORST
    label = np.array(names, dtype=object)[kinds // 2 * 2]
    wrong = generator.random(count) < 0.1
    label[wrong] = np.array(names, dtype=object)[(kinds[wrong] + 2) % (kinds.max() + 1)]
    label[kinds == 1] = HOSTILE
    changed = (kinds == 3) & (looks["along"].to_numpy() > 0.5)
    label[changed] = "class 03"
    label[generator.random(count) < 0.05] = None
    block = ((time - 1262304000) // (4 * 86400)).astype(int)
    table = tables.empty(GLITCHES).reindex(range(count)).astype(object)
    return table.assign(
        glitch_id=[f"g{number:06d}" for number in range(count)],
        ifo=ifo,
        event_time=time.round(3),
        duration_s=0.05 * 2.0 ** (kinds % 6),
        peak_frequency_hz=40.0 * (1 + kinds),
        snr=looks["loud"].to_numpy(),
        label=label,
        label_confidence=0.9,
        label_source="machine",
        run="O3b",
        shard=[f"{name}-{1262304000 + 345600 * number}" for name, number in zip(ifo, block, strict=True)],
        astrophysical=np.where(np.arange(count) == 5, "event", ""),
    ).sort_values(["shard", "glitch_id"], ignore_index=True)


def write_shards(root: Path, glitches: pd.DataFrame, looks: pd.DataFrame) -> None:
    generator = np.random.default_rng(1)
    for shard, rows in glitches.groupby("shard"):
        drawn = [
            picture(look.kind, look.along, look.loud, generator)
            for look in looks.loc[rows["glitch_id"]].itertuples()
        ]
        array = np.array(drawn)
        present = np.ones((len(rows), 4), dtype=bool)
        present[0, 3] = False
        array[~present] = 0
        files.write_array(root / "views" / f"{shard}.npy", array)
        status = views_table(rows["glitch_id"], array, present)
        tables.write(VIEWS, status, root / "views" / f"{shard}.parquet")


def fake_results(
    root: Path,
    *,
    count: int = 300,
    families: int = 6,
    unit: str = "glitch",
    bare: bool = False,
) -> Path:
    """Write catalog, views, map and audit of `count` glitches in `families` families under `root`.

    With `unit="view"` each view is a row and a family of its own; with `bare`
    nothing has a label and every glitch is unassigned.
    """
    generator = np.random.default_rng(1)
    kinds = generator.integers(0, families, count)
    along, loud = generator.random(count), 8 + 20 * generator.random(count)
    ids = [f"g{number:06d}" for number in range(count)]
    looks = pd.DataFrame({"kind": kinds, "along": along, "loud": loud}, index=ids)
    glitches = catalogue(looks)
    if bare:
        glitches["label"] = None
    write_shards(root, glitches, looks)
    looks = looks.loc[glitches["glitch_id"]]
    write_catalogue(root, glitches)

    centres = generator.normal(size=(families, 4, 16))
    slopes = generator.normal(size=(families, 4, 16))
    views = centres[looks["kind"]] + 1.5 * slopes[looks["kind"]] * looks["along"].to_numpy()[:, None, None]
    views += 0.25 * generator.normal(size=views.shape)
    views /= np.linalg.norm(views, axis=2, keepdims=True)
    names = [f"F{kind + 1:03d}" for kind in looks["kind"]]
    if unit == "glitch":
        rows = glitches[["glitch_id"]].assign(view="", family=names)
        vectors = views.reshape(count, -1)
    else:
        key = pd.MultiIndex.from_product([glitches["glitch_id"], VIEW_NAMES]).to_frame(index=False)
        rows = key.set_axis(["glitch_id", "view"], axis=1)
        rows["family"] = [f"{name}-{number}" for name in names for number in range(4)]
        vectors = views.reshape(4 * count, -1)
    rows.loc[generator.random(len(rows)) < 0.05, "family"] = "-1"
    if bare:
        rows["family"] = "-1"
    write_map(root, rows, vectors.astype(np.float32), generator)
    write_audit(root, unit)
    return root


def write_catalogue(root: Path, glitches: pd.DataFrame) -> None:
    folder = root / "catalog"
    tables.write(GLITCHES, glitches, folder / "glitches.parquet")
    start = 1262304000.0 + 86400 * np.arange(8)
    segments = pd.concat(
        pd.DataFrame(
            {"ifo": ifo, "start": start, "end": start + 460, "flag": "DATA", "source": "segments.csv"}
        )
        for ifo in ("H1", "L1")
    )
    tables.write(SEGMENTS, segments, folder / "segments.parquet")
    quarantine = pd.DataFrame(
        {"reason": ["not_a_number"] * 3 + [f"unknown {HOSTILE}"], "stage": ["catalog"] * 3 + ["views"]}
    )
    quarantine = quarantine.assign(row=range(4), glitch_id=None, source="catalog.csv", detail="", read="nan")
    tables.write(QUARANTINE, quarantine, folder / "quarantine.parquet")
    duplicate = {"glitch_id": "x", "kept_id": "g000000", "row": 7, "source": "catalog.csv"}
    duplicates = pd.DataFrame([{**duplicate, "reason": "same_event", "lost_label": None}])
    tables.write(DUPLICATES, duplicates, folder / "duplicates.parquet")


def write_map(root: Path, rows: pd.DataFrame, vectors: np.ndarray, generator: np.random.Generator) -> None:
    folder, count = root / "map", len(rows)
    keys = rows[["glitch_id", "view"]].assign(representative=np.arange(count))
    tables.write(MAP_ROWS, keys, folder / "rows.parquet")
    files.write_array(folder / "vectors.npy", vectors)
    indices, distances = nearest(vectors, 30)
    n_views = 4 if (rows["view"] == "").all() else 1
    with files.whole(folder / "neighbours.npz") as path:
        np.savez(path, indices=indices, distances=distances, mask=np.ones((count, n_views), dtype=bool))
    make_neighbours(
        rows=folder / "rows.parquet",
        neighbours=folder / "neighbours.npz",
        out=root / "similar" / "neighbours.parquet",
    )
    axes = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[2][:2]
    number = pd.factorize(rows["family"], sort=True)[0]
    around = np.column_stack([np.cos(2.4 * number), np.sin(2.4 * number)]) * np.sqrt(number + 1)[:, None]
    x, y = (around + 0.3 * vectors @ axes.T).T
    key = rows[["glitch_id", "view"]]
    tables.write(COORDINATES, key.assign(x=x, y=y), folder / "coordinates.parquet")
    member = np.where(rows["family"] == "-1", 0.0, generator.uniform(0.4, 1, count))
    table = rows.assign(probability=member, outlier_score=1 - member, isolation=2 - member)
    tables.write(FAMILIES, table, folder / "families.parquet")
    names = sorted(set(rows["family"]) - {"-1"})
    stability = pd.DataFrame(
        {"family": names, "stability": 0.9, "stability_low": 0.82, "stability_high": 0.97, "n_runs": 10}
    )
    tables.write(STABILITY, stability, folder / "stability.parquet")
    ids = pd.DataFrame({"family": names, "n": count // max(len(names), 1), "new": True, "overlap": None})
    tables.write(FAMILY_IDS, ids, folder / "family_ids.parquet")
    quality = pd.DataFrame({"metric": ["trustworthiness", "ami"], "value": [0.97, 0.81], "n": [count, count]})
    tables.write(QUALITY, quality, folder / "quality.parquet")


def inputs(root: Path, *names: str) -> dict[str, Path | list[Path]]:
    """Return the named files of the fake results."""
    arrays = sorted((root / "views").glob("*.npy"))
    paths: dict[str, Path | list[Path]] = {
        "views": arrays,
        "status": [path.with_suffix(".parquet") for path in arrays],
        "audit": root / "audit",
    }
    for folder, tables_in in {
        "catalog": ("glitches", "segments", "quarantine", "duplicates"),
        "map": ("families", "coordinates", "stability"),
        "similar": ("neighbours",),
    }.items():
        paths |= {name: root / folder / f"{name}.parquet" for name in tables_in}
    return {name: paths[name] for name in names}


def write_audit(root: Path, unit: str) -> None:
    pairs = root / "pairs.csv"
    files.write_text(pairs, "class_a,class_b\nclass 00,class 04\n")
    make_audit(
        **inputs(root, "glitches", "families", "stability"),
        vectors=root / "map" / "vectors.npy",
        neighbours=root / "map" / "neighbours.npz",
        confusable=pairs,
        out=root / "audit",
        sections=5,
        seed=1,
    )
    make_leakage(
        **inputs(root, "glitches", "families"),
        views=[str(path) for path in sorted((root / "views").glob("*.parquet"))],
        out=root / "audit" / "leakage.parquet",
        unit=unit,
        permutations=200,
        seed=1,
    )
    names = sorted(set(tables.read(FAMILIES, root / "map" / "families.parquet")["family"]) - {"-1"})[:2]
    probed = pd.DataFrame({"family": names, "auc": [0.5, 0.9][: len(names)]})
    probed = probed.assign(detectors="H1 L1", n_first=20, n_second=21, n_blocks=9, p_value=0.5, reason="")
    probed = probed.assign(auc_low=probed["auc"] - 0.2, auc_high=probed["auc"] + 0.05)
    tables.write(PROBE, probed, root / "audit" / "probe.parquet")


def make_map(
    root: Path, site: Path, *, pictures: int = 1000, witnesses: bool = False, cost: bool = False
) -> None:
    """Run the job of the interactive map."""
    write_map_page(
        **inputs(root, "glitches", "families", "coordinates", "neighbours", "segments", "views", "status"),
        audit_families=root / "audit" / "families.parquet",
        suspects=root / "audit" / "suspects.parquet",
        out=site / "map",
        page=site / "map.html",
        pictures=pictures,
        line=gwpy_line("gwosc", channel="", frames=None, frame_type=None),
        witnesses=witnesses,
        cost=cost,
    )


def make_glitches(
    root: Path, site: Path, *, pictures: int = 1000, witnesses: bool = False, cost: bool = False
) -> None:
    """Run the job of the page of any glitch."""
    paths = inputs(root, "glitches", "segments", "quarantine", "duplicates", "families", "neighbours")
    paths |= inputs(root, "views", "status")
    event = {"name": HOSTILE, "ifo": "", "event_time": 1262304100.0, "kind": "event"}
    tables.write(EVENTS, pd.DataFrame([event]), root / "catalog" / "events.parquet")
    models = sorted({path.parent for path in root.glob("impact/*/shap_values.parquet")}) if cost else []
    write_glitch_page(
        GlitchFiles(
            **paths,
            events=root / "catalog" / "events.parquet",
            audit_families=root / "audit" / "families.parquet",
            suspects=root / "audit" / "suspects.parquet",
            proposals=root / "audit" / "relabel.parquet",
            evidence=root / "coupling" / "evidence.parquet" if witnesses else None,
            skill=root / "impact" / "skill.parquet" if models else None,
            shap=[folder / "shap_values.parquet" for folder in models],
            vetoes=[folder / "vetoes.parquet" for folder in models],
            veto_files=[folder / "vetoes" for folder in models],
        ),
        out=site / "glitches",
        page=site / "glitch.html",
        pictures=pictures,
        lines={"strain": gwpy_line("gwosc", channel="", frames=None, frame_type=None), "channel": None},
        gates={"min_gate_s": 0.5, "gate_snr": None, "gate_threshold": 50.0},
        has={"witnesses": witnesses, "cost": cost, "mapped": True},
    )


def make_site(
    root: Path,
    site: Path,
    figures: Path,
    fragments: Path | None = None,
    costs: Path | None = None,
    coincidences: Path | None = None,
) -> None:
    """Run the six jobs of the site, with the folders of the witness, impact and coincidence pages."""
    stages = {"witnesses": fragments is not None, "cost": costs is not None}
    shared = inputs(root, "glitches", "families", "views", "status", "audit")
    draw_figures(
        **shared,
        **inputs(root, "coordinates"),
        out=figures,
        dpi=60,
        assigned="#0072B2",
        unassigned="#BBBBBB",
    )
    evidence = fragments and root / "coupling" / "evidence.parquet"
    parts = {"witnesses": fragments, "coincidences": coincidences, "evidence": evidence, "cost": costs}
    atlas = read_atlas(**shared, **parts, typical=2, odd=2)
    write_atlas(atlas, out=site / "family", index=site / "atlas.html")
    write_audit_page(
        **shared,
        figure=figures / "leakage.png",
        out=site / "audit",
        page=site / "audit.html",
        **stages,
    )
    make_map(root, site, **stages)
    make_glitches(root, site, **stages)
    write_front(
        paths=FrontFiles(
            **inputs(root, "glitches", "segments", "quarantine", "duplicates", "audit"),
            map=root / "map",
            mapped=True,
            coupling=fragments and root / "coupling",
            coincidences=coincidences and root / "coupling" / "coincidences.parquet",
            evidence=evidence,
            slow=[],
            impact=costs and root / "impact",
        ),
        provenance=Provenance(settings=SETTINGS, codes=CODES, citation=CITATION, simulated=False),
        figures=sorted(figures.glob("*.png")),
        out=site / "figures",
        page=site / "index.html",
        methods=site / "methods.html",
    )


def change(path: Path, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Write a table again after `edit`."""
    schema = all_schemas()[tables.name_of(tables.pq.read_schema(path))]
    tables.write(schema, edit(tables.read(schema, path)), path)


def text_of(path: Path) -> str:
    """Return a page's text, without markup and with single spaces."""
    plain = re.sub(r"<style>.*?</style>|<[^>]*>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(plain))
