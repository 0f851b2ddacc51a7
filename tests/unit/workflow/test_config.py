"""The config: every key described, wrong keys answered with the right ones."""

import copy
import re

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.utils import update_config

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


@pytest.mark.parametrize(
    ("change", "section", "expected"),
    [
        ("map={min_dist: 0.2}", "map", {"min_dist": 0.2}),
        ("map={n_neighbors: 15, min_dist: 0}", "map", {"n_neighbors": 15, "min_dist": 0}),
        ("impact={cbc_rate_per_yr: 1e2}", "impact", {"cbc_rate_per_yr": 100.0}),
        ("views={crop: false}", "views", {"crop": False}),
        ("source={snr: [7.5, null]}", "source", {"snr": [7.5, None]}),
        ("coupling={bands: [[0.1, 1], [1, 3]]}", "coupling", {"bands": [[0.1, 1], [1, 3]]}),
        ("strain={host: null, frame_type: H1_HOFT}", "strain", {"host": None, "frame_type": "H1_HOFT"}),
        ("figures={unassigned: '#999999'}", "figures", {"unassigned": "#999999"}),
        ("strain={sample_rate_hz: ~}", "strain", {"sample_rate_hz": None}),
    ],
)
def test_nested_values_of_the_command_line_have_their_types(schema, default, change, section, expected):
    given = parse_config([change])
    merged = copy.deepcopy(default)
    update_config(merged, given)
    filled = check_config(merged, schema)[section]
    for key, value in expected.items():
        assert filled[key] == value
        assert type(filled[key]) is type(value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("map={n_neighbors: 1.5}", "map.n_neighbors: '1.5' is not of type 'integer'"),
        ("map={min_dist: small}", "map.min_dist: 'small' is not of type 'number'"),
        ("views={crop: 2}", "views.crop: '2' is not of type 'boolean'"),
        ("map={min_dist: nan}", "map.min_dist: nan is not a finite number"),
    ],
)
def test_texts_that_are_no_numbers_are_refused(schema, default, change, expected):
    merged = copy.deepcopy(default)
    update_config(merged, parse_config([change]))
    with pytest.raises(UserError, match=re.escape(expected)):
        check_config(merged, schema)


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
