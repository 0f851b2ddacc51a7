"""Tables of the outside: live time and known events."""

from glitch_explorer.core.schema import FLOAT, IFO, STRING, Column, schema

#: `catalog/segments.parquet`: the analysis segments of each detector.
SEGMENTS = schema(
    "segments",
    ifo=IFO,
    start=Column(FLOAT, "GPS start", unit="s"),
    end=Column(FLOAT, "GPS end, not included", unit="s"),
    flag=Column(STRING, "name of the flag"),
    source=Column(STRING, "file or service it was read from"),
)

#: `catalog/events.parquet`: astrophysical signals and hardware injections, which are mapped but never counted
#: as noise.
EVENTS = schema(
    "events",
    name=Column(STRING, "name of the event"),
    ifo=Column(STRING, "detector, empty for all"),
    event_time=Column(FLOAT, "GPS time", unit="s"),
    kind=Column(STRING, "event or injection"),
)
