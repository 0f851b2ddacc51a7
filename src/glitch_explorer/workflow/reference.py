"""What the reference pages are generated from."""

from importlib import import_module
from pathlib import Path

import pyarrow as pa

import glitch_explorer


def all_schemas() -> dict[str, pa.Schema]:
    """Return the schemas of all stages by the name of their table."""
    package = Path(glitch_explorer.__file__).parent
    modules = [
        import_module(f"glitch_explorer.{path.parent.name}.schemas")
        for path in sorted(package.glob("*/schemas.py"))
    ]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, pa.Schema)]
    return {schema.metadata[b"table"].decode(): schema for schema in found}
