"""The schemas of all tables, one module a stage."""

import pyarrow as pa

from glitch_explorer.schemas import audit, catalog, coupling, export, impact, map, validate  # noqa: A004 - the stage's name

SCHEMAS: dict[str, pa.Schema] = {
    **catalog.TABLES,
    **map.TABLES,
    **audit.TABLES,
    **coupling.TABLES,
    **impact.TABLES,
    **validate.TABLES,
    **export.TABLES,
}
