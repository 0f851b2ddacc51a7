"""The config: every key described, wrong keys answered with the right ones."""

import copy
import re

import pytest
import yaml

from glitch_explorer.core.errors import UserError
from glitch_explorer.workflow.config import RENAMED, check_config, load_schema


@pytest.fixture(scope="module")
def schema(root):
    return load_schema(root / "config/schemas/config.schema.yaml")


@pytest.fixture
def default(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())


def leaves(schema, prefix=""):
    for name, part in schema["properties"].items():
        yield f"{prefix}{name}", part
        if "properties" in part:
            yield from leaves(part, f"{prefix}{name}.")


def test_every_key_has_a_description_and_a_default(schema):
    for name, part in leaves(schema):
        assert part.get("description"), name
        if name not in {"source", "source.kind", "source.paths"}:
            assert "default" in part, name
        if part.get("type") == "object":
            assert part["additionalProperties"] is False, name


def test_all_shipped_configs_fit(root, schema):
    paths = sorted((root / "config").glob("*.yaml"))
    assert len(paths) >= 3
    for path in paths:
        check_config(yaml.safe_load(path.read_text()), schema)


def test_embedded_default_names_every_section(schema, default):
    assert set(default) | {"download"} == set(schema["properties"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sorce": {}}, "sorce: no such key; did you mean 'source'?"),
        ({"map": {"n_neigbors": 5}}, "map.n_neigbors: no such key; did you mean 'n_neighbors'?"),
        ({"coupling": {"slides": 5}}, "coupling.slides is now coupling.time_slides"),
        ({"map": {"zzz": 5}}, "map.zzz: no such key; known here: cluster_selection"),
        ({"unit": "pixel"}, "unit: 'pixel' is not one of ['glitch', 'view']"),
        ({"map": {"n_neighbors": "many"}}, "map.n_neighbors: 'many' is not of type 'integer'"),
        ({"source": {"kind": "images"}}, "'paths' is a required property"),
        ({"impact": {"cbc_rate_per_yr": float("nan")}}, "impact.cbc_rate_per_yr: nan is not a finite number"),
        ({"impact": {"gate_snr": float("inf")}}, "impact.gate_snr: inf is not a finite number"),
        ({"coupling": {"bands": [[0.1, float("inf")]]}}, "coupling.bands: inf is not a finite number"),
    ],
)
def test_wrong_keys_and_values_are_explained(schema, default, change, expected):
    with pytest.raises(UserError, match=re.escape(expected)):
        check_config(default | change, schema)


def test_defaults_are_filled_in_and_the_input_is_left_alone(schema):
    given = {"source": {"kind": "images", "paths": ["x"]}}
    before = copy.deepcopy(given)
    filled = check_config(given, schema)
    assert given == before
    assert filled["map"]["n_neighbors"] == 30
    assert filled["events"]["files"] == []
    assert filled["source"]["snr"] == [None, None]


def test_renamed_keys_name_present_ones(schema):
    for old, new in RENAMED.items():
        section, key = new.split(".")
        assert key in schema["properties"][section]["properties"], new
        assert old.split(".")[1] not in schema["properties"][section]["properties"], old
