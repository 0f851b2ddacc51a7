"""Tables of the catalogue."""

from glitch_explorer.core.schema import ID, IFO, INT, LABEL, STRING, Column, number, schema

#: `catalog/glitches.parquet`, `catalog/shards/{shard}.parquet`: the catalogue, one row per glitch.
GLITCHES = schema(
    "glitches",
    glitch_id=ID,
    ifo=IFO,
    event_time=number("GPS time of the event", unit="s"),
    duration_s=number("duration that the trigger generator gave", unit="s"),
    peak_frequency_hz=number("frequency of the loudest tile", unit="Hz"),
    bandwidth_hz=number("bandwidth that the trigger generator gave", unit="Hz"),
    snr=number("signal-to-noise ratio of the trigger"),
    ranking=number("a search's own ranking statistic"),
    label=LABEL,
    label_confidence=number("confidence of the label, 0 to 1"),
    label_source=Column(STRING, "who gave it: folder, metadata, machine or volunteers", nullable=True),
    run=Column(STRING, "observing run", nullable=True),
    shard=Column(STRING, "stable part of the catalogue"),
    astrophysical=Column(STRING, "event, injection or empty"),
    view_path_0_5=Column(STRING, "picture of the 0.5 s view", nullable=True),
    view_path_1_0=Column(STRING, "picture of the 1 s view", nullable=True),
    view_path_2_0=Column(STRING, "picture of the 2 s view", nullable=True),
    view_path_4_0=Column(STRING, "picture of the 4 s view", nullable=True),
    view_path_unknown=Column(STRING, "picture whose view length is unknown", nullable=True),
    view_digest=Column(STRING, "digest of the pictures' bytes", nullable=True),
)

#: `catalog/quarantine.parquet`, and the part of each stage: excluded rows, with the reason.
QUARANTINE = schema(
    "quarantine",
    row=Column(INT, "row in the source, -1 where it has none"),
    glitch_id=Column(STRING, "glitch, where known", nullable=True),
    stage=Column(STRING, "stage that excluded it"),
    source=Column(STRING, "file or service it came from"),
    reason=Column(STRING, "why, as a code"),
    detail=Column(STRING, "facts of that reason, as name=value"),
    read=Column(STRING, "what was read there"),
)

#: `catalog/duplicates.parquet`: rows of the sources that repeat a glitch of the catalogue.
DUPLICATES = schema(
    "duplicates",
    glitch_id=ID,
    kept_id=Column(STRING, "glitch that stays in the catalogue for it"),
    row=Column(INT, "row in the source"),
    source=Column(STRING, "file it came from"),
    reason=Column(STRING, "why, as a code: same_id, same_event, same_pictures, …"),
    lost_label=Column(STRING, "its label, where the glitch that stays has another", nullable=True),
)
