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
    paths = [*(root / "config").glob("*.yaml"), *(root / "config/real").glob("*.yaml")]
    assert len(paths) >= 8
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
    ("families", "expected"),
    [
        (
            {"confidence": 0.9},
            "confidence has no effect with families.source: map; remove it, or set",
        ),
        ({"source": "map", "file": "x.csv"}, "families.file has no effect with families.source: map"),
        ({"source": "labels", "file": "x.csv"}, "families.file has no effect with families.source: labels"),
        (
            {"source": "file", "file": "x.csv", "confidence": 0.5},
            "no effect with families.source: file; remove it, or set families.source to labels",
        ),
        ({"min_size": 20}, "set families.source to labels or file"),
        ({"source": "file"}, "families.source is file, but families.file is not set"),
        (
            {"source": "labels", "unions": [{"name": "a", "parts": ["b", "c"]}] * 2},
            "families.unions: 'a' is there twice",
        ),
        ({"source": "labels", "unions": [{"name": "a", "parts": ["b"]}]}, "is too short"),
        ({"source": "label"}, "families.source: 'label' is not one of ['map', 'labels', 'file']"),
    ],
)
def test_keys_of_families_without_effect_are_refused(schema, default, families, expected):
    with pytest.raises(UserError, match=re.escape(expected)):
        check_config(default | {"families": families}, schema)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"unit": "view"}, "unit: view needs families.source: map, not labels"),
        ({"unit": "view", "families": {"compare": "x.csv"}}, "families.compare has no effect on views"),
        ({"similar": {"queries": ["H1@1262304123.5"]}}, "similar.queries has no effect"),
    ],
)
def test_what_needs_a_map_is_refused_without_one(schema, default, change, expected):
    with pytest.raises(UserError, match=re.escape(expected)):
        check_config(default | {"families": {"source": "labels"}} | change, schema)


def test_families_to_compare_with_go_with_any_source(schema, default):
    for families in ({}, {"source": "labels"}, {"source": "file", "file": "x.csv"}):
        compared = families | {"compare": "y.csv", "tolerance_s": 1}
        assert check_config(default | {"families": compared}, schema)["families"]["compare"] == "y.csv"


def test_families_of_labels_take_their_defaults(schema, default):
    families = check_config(default | {"families": {"source": "labels"}}, schema)["families"]
    assert families == {
        "source": "labels",
        "confidence": 0.9,
        "labels": [],
        "min_size": 8,
        "unions": [],
        "file": None,
        "compare": None,
        "tolerance_s": 0.1,
    }


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
