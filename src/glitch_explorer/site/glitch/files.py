"""The tables that the pages of glitches are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from glitch_explorer.core import tables

Paths = Sequence[str | Path]


@dataclass(frozen=True)
class GlitchFiles:
    """Paths of the tables; None or empty where a stage was not run."""

    glitches: str | Path
    segments: str | Path
    events: str | Path
    quarantine: str | Path
    duplicates: str | Path
    #: Tables "families" and "audit_families".
    families: str | Path
    audit_families: str | Path
    #: Tables "neighbours", "suspects" and "relabel"; None without a map.
    neighbours: str | Path | None = None
    suspects: str | Path | None = None
    proposals: str | Path | None = None
    #: Arrays and tables "views" of all shards, in the same order.
    views: Paths = ()
    status: Paths = ()
    #: Table "evidence", and tables "fringes" of all families.
    evidence: str | Path | None = None
    fringes: Paths = ()
    #: Tables "minutes" and "excursions" of all detectors, and table "skill".
    minutes: Paths = ()
    excursions: Paths = ()
    skill: str | Path | None = None
    #: Of all families, in the same order, tables "shap_values" and "vetoes", and folders of veto files.
    shap: Paths = ()
    vetoes: Paths = ()
    veto_files: Paths = ()


def read_or_empty(schema: pa.Schema, path: str | Path | None) -> pd.DataFrame:
    """Read a table; the empty table where there is no file of it."""
    return tables.read(schema, path) if path else tables.empty(schema)
