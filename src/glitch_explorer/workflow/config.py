"""Check the config against its schema; errors name the right key."""

import copy
import difflib
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from glitch_explorer.core.credentials import without_credentials
from glitch_explorer.core.errors import UserError

#: Keys of earlier versions by their present names.
RENAMED = {
    "audit.segments": "audit.sections",
    "coupling.slides": "coupling.time_slides",
    "impact.least_gate_s": "impact.min_gate_s",
    "shards.gps_block_s": "shards.length_s",
    "similar.found": "similar.n_results",
}
#: Keys of `families` that have an effect only with some of its sources.
FAMILY_KEYS = {
    "confidence": ("labels",),
    "labels": ("labels",),
    "min_size": ("labels", "file"),
    "unions": ("labels", "file"),
    "file": ("file",),
    "tolerance_s": ("file",),
}
#: What YAML takes for null and for booleans.
_NULLS = ("null", "~")
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
#: Numbers are integers where they can be, as in YAML.
_CONVERSIONS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("integer", int),
    ("number", int),
    ("number", float),
)


def load_schema(path: str | Path) -> dict[str, Any]:
    """Read a JSON schema written as YAML."""
    with open(path, encoding="utf-8") as stream:
        schema: dict[str, Any] = yaml.safe_load(stream)
    Draft202012Validator.check_schema(schema)
    return schema


def _with_defaults(validator: Any, properties: dict[str, Any], instance: Any, schema: Any) -> Any:
    """Fill in defaults before the properties are checked."""
    if isinstance(instance, dict):
        for name, part in properties.items():
            if "default" in part and name not in instance:
                instance[name] = copy.deepcopy(part["default"])
    yield from Draft202012Validator.VALIDATORS["properties"](validator, properties, instance, schema)


def _typed(value: Any, schema: dict[str, Any]) -> Any:
    """Convert texts to the types of the schema; what cannot be converted stays, for the check to refuse."""
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return {key: _typed(part, parts.get(key, {})) for key, part in value.items()}
    if isinstance(value, list):
        return [_typed(part, schema.get("items", {})) for part in value]
    if not isinstance(value, str):
        return value
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "null" in kinds and value in _NULLS:
        return None
    if "string" in kinds:
        return value
    if "boolean" in kinds:
        return _BOOLEANS.get(value.lower(), value)
    for kind, convert in _CONVERSIONS:
        if kind in kinds:
            with suppress(ValueError):
                return convert(value)
    return value


def check_config(config: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with defaults filled in, and with texts converted to the numbers that they are.

    Snakemake passes the nested values of `--config` on as text: `map={min_dist: 0.2}` has the text "0.2".

    Raises
    ------
    UserError
        For wrong keys (named with the nearest right one), wrong values (named with what the
        schema expects), numbers that are not finite, and credentials.
    """
    filled: dict[str, Any] = _typed(copy.deepcopy(config), schema)
    checker = validators.extend(Draft202012Validator, {"properties": _with_defaults})(schema)
    errors = sorted(checker.iter_errors(filled), key=lambda e: [str(part) for part in e.absolute_path])
    lines = [line for error in errors for line in _explain(error)]
    values = list(_values(filled))
    # NaN passes any minimum of the schema, infinity those that have no maximum beside them.
    lines += [
        f"{where}: {value} is not a finite number"
        for where, value in values
        if isinstance(value, float) and not math.isfinite(value)
    ]
    lines = lines or _families_errors(config.get("families") or {}, filled)
    if lines:
        raise UserError("the config is not valid:\n" + "\n".join(f"  - {line}" for line in lines))
    secret = [where for where, text in values if isinstance(text, str) and without_credentials(text) != text]
    if secret:
        raise UserError(
            f"{', '.join(secret)}: a password or token in the config would end up in results and logs; "
            "put it into ~/.netrc or the token file of your grid"
        )
    return filled


def _families_errors(written: dict[str, Any], filled: dict[str, Any]) -> list[str]:
    """Return what is wrong with the source of the families: keys without effect, and missing ones.

    Parameters
    ----------
    written
        Section `families` as the user wrote it.
    filled
        The whole config with its defaults.
    """
    families = filled["families"]
    source = families["source"]
    lines = [
        f"families.{key} has no effect with families.source: {source}; remove it, or set families.source to"
        f" {' or '.join(sources)}"
        for key, sources in FAMILY_KEYS.items()
        if key in written and source not in sources and not (key == "tolerance_s" and families["compare"])
    ]
    if source == "file" and families["file"] is None:
        lines.append("families.source is file, but families.file is not set: name a CSV or Parquet table")
    names = [union["name"] for union in families["unions"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    lines += [f"families.unions: {name!r} is there twice" for name in twice]
    if filled["unit"] == "view" and families["compare"]:
        lines.append("unit: view: families.compare has no effect on views; it needs unit: glitch")
    if source == "map":
        return lines
    if filled["unit"] == "view":
        lines.append(f"unit: view needs families.source: map, not {source}: a label is that of a glitch")
    if filled["similar"]["queries"]:
        lines.append(f"similar.queries has no effect with families.source: {source}: no vectors are computed")
    return lines


def _values(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each text, number or other single value of the config with its dotted key."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _values(part, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            yield from _values(part, where)
    else:
        yield where, value


def _explain(error: ValidationError) -> list[str]:
    where = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = [key for key in error.instance if key not in known]
        return [_unknown_key(f"{where}.{key}".lstrip("."), str(key), known) for key in unknown]
    text = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    return [f"{where or 'the config'}: {error.message}" + (f" ({text})" if text else "")]


def _unknown_key(where: str, key: str, known: list[str]) -> str:
    if where in RENAMED:
        return f"{where} is now {RENAMED[where]}"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
    return f"{where}: no such key; {hint}"
