"""The job that makes families of labels or of a file, from tables to tables.

The tables are those of the map, with ids of the same form, so that later stages do not depend on where
families come from.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.catalog.classes import known_label
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.groups.file import file_groups
from glitch_explorer.map.groups.labels import label_groups
from glitch_explorer.map.ids import family_number, name_families, read_reference
from glitch_explorer.map.members import write_members
from glitch_explorer.map.schemas import FAMILIES, FAMILY_IDS, FAMILY_NAMES, UNASSIGNED, UNIONS
from glitch_explorer.sources.schemas import SEGMENTS

_LOG = logging.getLogger(__name__)

#: Columns of table "families" that need the map's vectors.
_OF_THE_MAP = ("probability", "outlier_score", "isolation")
#: Names of families in messages.
_LISTED = 8


def union_parts(group: pd.Series, unions: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the labels or names that each union joins, by the name of the union.

    Parameters
    ----------
    group
        ``(n,)`` label or name of the family of each glitch, missing where there is none.
    unions
        Each with `name` and `parts`; a part may be another spelling of a class.

    Raises
    ------
    UserError
        When a part does not occur, or a union has the name of a family.
    """
    names = set(group.dropna().unique())
    joined = {}
    for union in unions:
        parts = [part if part in names else known_label(part) for part in union["parts"]]
        unknown = [part for part in parts if part not in names]
        if unknown or union["name"] in names:
            wrong = f"no glitch is in {', '.join(unknown)}" if unknown else "a family has this name, too"
            raise UserError(
                f"families.unions: {union['name']}: {wrong}; the families are {_few(sorted(names))}"
            )
        joined[str(union["name"])] = list(dict.fromkeys(parts))
    return joined


def _few(names: Sequence[str]) -> str:
    """Return the first names as a list, and the number of the others."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} others" if more > 0 else "")


def _large(sizes: Mapping[str, int], min_size: int) -> dict[str, int]:
    """Return the sizes that are at least `min_size`, and log the others.

    Raises
    ------
    UserError
        When there is none.
    """
    small = [f"{name} ({size})" for name, size in sizes.items() if size < min_size]
    if len(small) == len(sizes):
        raise UserError(
            f"no family has families.min_size = {min_size} glitches: {_few(small) or 'no glitch is in one'};"
            " lower it, or set families.source to map"
        )
    if small:
        _LOG.warning("fewer than families.min_size = %d glitches, so no family: %s", min_size, _few(small))
    return {name: size for name, size in sizes.items() if size >= min_size}


def number_groups(
    group: pd.Series,
    unions: Mapping[str, Sequence[str]],
    reference: pd.DataFrame | None,
    *,
    min_size: int,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Assign an id to each family as the map does (`name_families`), by size; unions come last.

    Parameters
    ----------
    group
        Label or name of the family of each glitch, missing where there is none, by glitch_id ``(n,)``.
    unions
        The labels or names that each union joins, by its name.
    reference
        See `read_reference`.
    min_size
        Smallest number of members of a family.

    Returns
    -------
    ids : pandas.DataFrame
        Table "family_ids".
    family : dict
        Id of each name.

    Raises
    ------
    UserError
        When no family is as large as `min_size`.
    """
    sizes = {str(name): int(size) for name, size in group.value_counts().items()}
    joined = {name: sum(sizes[part] for part in parts) for name, parts in unions.items()}
    large = _large(sizes | joined, min_size)
    names = [name for name in sizes if name in large]
    code = group.map({name: number for number, name in enumerate(names)}).fillna(-1).astype(np.int64)
    rows = pd.DataFrame({"glitch_id": group.index, "view": "", "cluster": code.to_numpy()})
    named = name_families(rows, reference)
    family = {names[cluster]: name for cluster, name in zip(named["cluster"], named["family"], strict=True)}
    # Above the ids of the reference too, which a family of it may take again later.
    known = set(family.values())
    if reference is not None:
        known |= set(reference["family"]) - {UNASSIGNED}
    first = max(map(family_number, known), default=0) + 1
    large_unions = [name for name in joined if name in large]
    last = {name: f"F{number:03d}" for number, name in enumerate(large_unions, start=first)}
    added = [(last[name], joined[name], True, np.nan) for name in last]
    parts = [named.drop(columns="cluster"), pd.DataFrame(added, columns=FAMILY_IDS.names)]
    return tables.joined(FAMILY_IDS, parts), family | last


def make_groups(
    *,
    glitches: str | Path,
    duplicates: str | Path,
    segments: str | Path,
    file: str | Path | None,
    reference: str | Path | None,
    out: str | Path,
    confidence: float,
    labels: Sequence[str],
    min_size: int,
    unions: Sequence[Mapping[str, Any]],
    tolerance_s: float,
) -> None:
    """Write the families of the labels, or of a file.

    Parameters
    ----------
    glitches, duplicates, segments
        Tables of the catalogue.
    file
        Table of families; None takes the labels.
    reference
        Table "families" whose ids are kept, see `read_reference`.
    out
        Folder of the map; gets the tables families, family_ids, family_names and unions, and the folder
        `members`.
    confidence, labels, min_size, unions, tolerance_s
        As in section `families` of the config.
    """
    out = Path(out)
    catalogue, repeated = tables.read(GLITCHES, glitches), tables.read(DUPLICATES, duplicates)
    _LOG.info("%d glitches; %d more rows of the sources repeat one of them", len(catalogue), len(repeated))
    if file is None:
        group = label_groups(catalogue, confidence=confidence, labels=labels)
    else:
        group = file_groups(catalogue, repeated, file, tolerance_s=tolerance_s)
    group = group.set_axis(catalogue["glitch_id"])
    keys = catalogue[["glitch_id"]].assign(view="")
    joined = union_parts(group, unions)
    ids, family = number_groups(group, joined, read_reference(reference, keys), min_size=min_size)
    families = keys.assign(family=group.map(family).fillna(UNASSIGNED).to_numpy())
    overlapping = {family[name]: parts for name, parts in joined.items() if name in family}
    union_rows = tables.joined(
        UNIONS,
        [keys[group.isin(parts).to_numpy()].assign(family=union) for union, parts in overlapping.items()],
    )
    tables.write(FAMILIES, families.assign(**dict.fromkeys(_OF_THE_MAP, np.nan)), out / "families.parquet")
    tables.write(FAMILY_IDS, ids, out / "family_ids.parquet")
    tables.write(FAMILY_NAMES, _names(family, joined), out / "family_names.parquet")
    tables.write(UNIONS, union_rows, out / "unions.parquet")
    members = pd.concat([families, union_rows], ignore_index=True)
    write_members(members, catalogue, tables.read(SEGMENTS, segments), out / "members")
    _LOG.info("%d families: %s", len(family), ", ".join(f"{id_} {name}" for name, id_ in family.items()))


def _names(family: Mapping[str, str], unions: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Build table "family_names" from the id of each name, and the parts of each union."""
    names = sorted(family, key=family.__getitem__)
    rows = [(family[name], name, "\n".join(unions.get(name, ()))) for name in names]
    return pd.DataFrame(rows, columns=FAMILY_NAMES.names)
