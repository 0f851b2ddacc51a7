"""Tables of neighbours."""

from glitch_explorer.core.schema import BOOL, FAMILY, FLOAT, ID, IFO, INT, LABEL, STRING, VIEW, column, schema

#: `similar/neighbours.parquet`: the nearest glitches of each row of the map.
NEIGHBOURS = schema(
    "neighbours",
    glitch_id=ID,
    view=VIEW,
    rank=column(INT, "1 is the nearest"),
    neighbour_id=column(STRING, "the neighbour"),
    neighbour_view=column(STRING, "its view, empty where the four views are fused"),
    distance=column(FLOAT, "cosine distance over the views that both have"),
)

#: `similar/{query}.csv`, `similar/answers.csv`: the nearest glitches of each query.
SIMILAR = schema(
    "similar",
    query=column(STRING, "the query"),
    query_id=column(
        STRING, "glitch of the map that the query means, null for a picture or another time", nullable=True
    ),
    rank=column(INT, "1 is the nearest"),
    distance=column(FLOAT, "cosine distance over the views that both have"),
    glitch_id=ID,
    view=VIEW,
    ifo=IFO,
    event_time=column(FLOAT, "GPS time of the event", unit="s", nullable=True),
    family=FAMILY,
    label=LABEL,
    suspect=column(BOOL, "whether confident learning counts its label as an error"),
)
