"""Tables of the outside: live time and known events."""

from glitch_explorer.core.schema import FLOAT, IFO, STRING, column, schema

#: `catalog/segments.parquet`: the analysis segments of each detector.
SEGMENTS = schema(
    "segments",
    ifo=IFO,
    start=column(FLOAT, "GPS start", unit="s"),
    end=column(FLOAT, "GPS end, not included", unit="s"),
    flag=column(STRING, "name of the flag"),
    source=column(STRING, "file or service it was read from"),
)

#: `catalog/events.parquet`: real signals and hardware injections, which are mapped but never counted as
#: noise.
EVENTS = schema(
    "events",
    name=column(STRING, "name of the event"),
    ifo=column(STRING, "detector, empty for all"),
    event_time=column(FLOAT, "GPS time", unit="s"),
    kind=column(STRING, "event or injection"),
)
