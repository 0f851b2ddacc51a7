"""Labels of families that the user defines, without what needs the vectors of a map."""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.audit import labels
from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, LABELS
from glitch_explorer.core import tables
from glitch_explorer.map.schemas import FAMILY_NAMES, ROW_KEY, STABILITY, UNIONS


def members_with_unions(families: pd.DataFrame, unions: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of families, and those of unions after them.

    Parameters
    ----------
    families
        Rows of table "families" with columns of the catalogue beside it.
    unions
        Table "unions".
    """
    columns = [name for name in families.columns if name != "family"]
    joined = unions.merge(families[columns], on=ROW_KEY, how="left", validate="many_to_one")
    return pd.concat([families, joined], ignore_index=True) if len(joined) else families


def make_group_audit(
    *, glitches: str | Path, families: str | Path, unions: str | Path, names: str | Path, out: str | Path
) -> None:
    """Write the tables "audit_families" and "labels" of families of labels or of a file.

    Parameters
    ----------
    glitches, families, unions, names
        Tables "glitches", "families", "unions" and "family_names".
    out
        Folder; gets families and labels, each `.parquet`.
    """
    rows = map_rows(glitches, families, ["label"])
    named = tables.read(FAMILY_NAMES, names).set_index("family")["name"]
    audited = labels.family_table(
        members_with_unions(rows, tables.read(UNIONS, unions)), {}, tables.empty(STABILITY)
    )
    audited = audited.assign(name=audited["family"].map(named), possible_new_class="", medoid=np.nan)
    tables.write(AUDIT_FAMILIES, audited, Path(out) / "families.parquet")
    tables.write(LABELS, labels.label_table(rows), Path(out) / "labels.parquet")
