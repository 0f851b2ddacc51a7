"""Tables of neighbours."""

from glitch_explorer.core.schema import (
    BOOL,
    FAMILY,
    FLOAT,
    ID,
    IFO,
    INT,
    LABEL,
    STRING,
    VIEW,
    Column,
    number,
    schema,
)

#: `similar/neighbours.parquet`: the nearest glitches of each row of the map.
NEIGHBOURS = schema(
    "neighbours",
    glitch_id=ID,
    view=VIEW,
    rank=Column(INT, "1 is the nearest"),
    neighbour_id=Column(STRING, "the neighbour"),
    neighbour_view=Column(STRING, "its view, empty where the four views are fused"),
    distance=Column(FLOAT, "cosine distance over the views that both have"),
)

#: `similar/{query}.csv`, `similar/answers.csv`: the nearest glitches of each query.
SIMILAR = schema(
    "similar",
    query=Column(STRING, "the query"),
    query_id=Column(
        STRING, "glitch of the map that the query means, null for a picture or another time", nullable=True
    ),
    rank=Column(INT, "1 is the nearest"),
    distance=Column(FLOAT, "cosine distance over the views that both have"),
    glitch_id=ID,
    view=VIEW,
    ifo=IFO,
    event_time=number("GPS time of the event", unit="s"),
    family=FAMILY,
    label=LABEL,
    suspect=Column(BOOL, "whether confident learning counts its label as an error"),
)
