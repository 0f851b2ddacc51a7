"""The record of a run names what its results came from; a crate made from it says the same in JSON-LD."""

import hashlib
import json

import pytest

from glitch_explorer.provenance.crate import make_crate
from glitch_explorer.provenance.record import make_record

USED = {"device": "cpu", "precision": "torch.float32", "batch": 32, "fell_back": False}


@pytest.fixture
def folder(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results"
    (results / "site").mkdir(parents=True)
    (tmp_path / "pictures/Blip").mkdir(parents=True)
    (tmp_path / "pictures/Blip/a.png").write_bytes(b"png")
    (tmp_path / "own.csv").write_text("a,b\n")
    (results / "site/index.html").write_text("<p>front</p>")
    (results / "cost.parquet").write_bytes(b"table")
    (results / "encoder.json").write_text('{"weights_sha256": "abc"}')
    for name in ("H1-1", "L1-1"):
        (results / f"{name}.json").write_text(json.dumps(USED))
    (results / "L1-2.json").write_text(json.dumps(USED | {"fell_back": True}))
    safety = "resources/channels/safety.csv"
    make_record(
        "results/provenance.json",
        config={"seed": 1, "host": "https://me:secret@example.org"},
        inputs={"source.paths": ["own.csv", "pictures"], "coupling.safety": [safety]},
        results=["results/cost.parquet"],
        encoder="results/encoder.json",
        used=[f"results/{name}.json" for name in ("H1-1", "L1-1", "L1-2")],
        codes={"cost": "1234"},
        lock="5678",
        project=root,
    )
    return results


def test_a_record_names_config_inputs_code_weights_and_versions(root, folder):
    text = (folder / "provenance.json").read_text()
    told = json.loads(text)
    assert "secret" not in text
    assert str(folder) not in text
    assert told["config"]["seed"] == 1
    own, pictures = told["inputs"]["source.paths"]
    assert own == {"path": "own.csv", "bytes": 4, "sha256": hashlib.sha256(b"a,b\n").hexdigest()}
    assert (pictures["files"], pictures["bytes"]) == (1, 3)
    safety = (root / "resources/channels/safety.csv").read_bytes()
    assert told["inputs"]["coupling.safety"][0]["sha256"] == hashlib.sha256(safety).hexdigest()
    assert told["encoder"]["weights_sha256"] == "abc"
    assert sorted((one["fell_back"], one["shards"]) for one in told["embedded_on"]) == [(False, 2), (True, 1)]
    assert told["software"]["code"] == {"cost": "1234"}
    assert {"numpy", "torch", "snakemake"} <= set(told["software"]["packages"])
    assert told["results"][0]["sha256"] == hashlib.sha256(b"table").hexdigest()


def test_a_crate_leads_from_the_inputs_over_the_run_to_the_results(folder):
    make_crate("results/provenance.json", "results/ro-crate-metadata.json", date="2026-01-01")
    graph = {one["@id"]: one for one in json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]}
    run = graph["#run"]
    assert {graph[one["@id"]]["name"] for one in run["object"]} == {
        "own.csv",
        "pictures",
        "resources/channels/safety.csv",
    }
    assert [one["@id"] for one in run["result"]] == ["cost.parquet"]
    assert graph[run["instrument"]["@id"]]["name"] == "glitch-explorer"
    parts = [one["@id"] for one in graph["./"]["hasPart"]]
    assert set(parts) == {"cost.parquet", "provenance.json", "site/index.html"}
    assert len(parts) == len(set(parts))
    assert all((folder / part).is_file() for part in parts)
