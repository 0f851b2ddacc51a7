"""Tables of the map and its families."""

from glitch_explorer.core.schema import (
    BOOL,
    FAMILY,
    FLOAT,
    ID,
    IFO,
    INT,
    STRING,
    VIEW,
    Column,
    number,
    schema,
)

#: The family of glitches that belong to none.
UNASSIGNED = "-1"
#: Columns that identify a row of the map.
ROW_KEY = ["glitch_id", "view"]

#: `map/rows.parquet`: the rows of the map, in the order of its arrays and tables.
MAP_ROWS = schema(
    "map_rows",
    glitch_id=ID,
    view=VIEW,
    representative=Column(INT, "first row with the same vector, whose position this row copies"),
)

#: `map/coordinates.parquet`: the two-dimensional layout, one row per row of the map.
COORDINATES = schema(
    "coordinates",
    glitch_id=ID,
    view=VIEW,
    x=Column(FLOAT, "first UMAP coordinate"),
    y=Column(FLOAT, "second UMAP coordinate"),
)

#: `map/families.parquet`: the family of each row of the map; without a map, of each glitch of the catalogue.
FAMILIES = schema(
    "families",
    glitch_id=ID,
    view=VIEW,
    family=FAMILY,
    probability=number("HDBSCAN membership probability, null without a map"),
    outlier_score=number("GLOSH outlier score, in the layout, null without a map"),
    isolation=number("mean cosine distance to its neighbours, over its family's median, null without a map"),
)

#: `map/family_ids.parquet`: the families, and how they match a reference map.
FAMILY_IDS = schema(
    "family_ids",
    family=FAMILY,
    n=Column(INT, "rows in it"),
    new=Column(BOOL, "no family of the reference map matches it"),
    overlap=number("Jaccard overlap with the reference family of this id"),
)

#: `map/family_names.parquet`: families of labels or of a file by name (`families.source`).
FAMILY_NAMES = schema(
    "family_names",
    family=FAMILY,
    name=Column(STRING, "label, name in the file, or name of the union"),
    parts=Column(STRING, "names that a union joins, one a line; empty for other families"),
)

#: `map/unions.parquet`: members of unions (`families.unions`), each in a family of its own, too.
UNIONS = schema("unions", glitch_id=ID, view=VIEW, family=FAMILY)

#: `place/placed.parquet`: new glitches on an old map (`snakemake place`).
PLACED = schema(
    "placed",
    glitch_id=ID,
    view=VIEW,
    x=Column(FLOAT, "first UMAP coordinate"),
    y=Column(FLOAT, "second UMAP coordinate"),
    family=FAMILY,
    probability=Column(
        FLOAT, "share of the neighbours' weight that votes for the family, 0 where unassigned"
    ),
    fits=Column(BOOL, "whether it is as near to its neighbours as members of the family are; false: novel"),
    p_value=Column(FLOAT, "share of the family's members that are at least as far from their neighbours"),
    nearest_id=Column(STRING, "nearest glitch of the map"),
    nearest_family=Column(STRING, "its family, -1 where unassigned"),
    distance=Column(FLOAT, "cosine distance to it"),
)

#: `map/members/{family}.parquet`: the glitches of a family and the quiet time around them, the only
#: catalogue input of its jobs.
MEMBERS = schema(
    "members",
    kind=Column(STRING, "glitch or quiet"),
    glitch_id=Column(STRING, "the glitch; empty for quiet time"),
    view=VIEW,
    ifo=IFO,
    event_time=number("GPS time of the glitch, or start of the quiet time", unit="s"),
    duration_s=number("duration of the glitch, or length of the quiet time", unit="s"),
    peak_frequency_hz=number("frequency at the peak of the glitch", unit="Hz"),
    snr=number("signal-to-noise ratio of the glitch"),
)

#: `map/stability.parquet`: how often each family is found again.
STABILITY = schema(
    "stability",
    family=FAMILY,
    stability=Column(FLOAT, "mean best Jaccard overlap over reruns"),
    stability_low=Column(FLOAT, "lower end of its 95 % interval"),
    stability_high=Column(FLOAT, "upper end of its 95 % interval"),
    n_runs=Column(INT, "number of reruns"),
)

#: `map/quality.parquet`, `audit/quality.parquet`, `audit/agreement.parquet`: quality of the map, and
#: agreement of families with labels, and with those of `families.compare`.
QUALITY = schema(
    "quality",
    metric=Column(STRING, "name of the measure"),
    value=Column(FLOAT, "its value"),
    n=Column(INT, "number of rows that it was measured on"),
)
