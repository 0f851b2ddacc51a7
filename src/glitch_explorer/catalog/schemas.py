"""Tables of the catalogue."""

from glitch_explorer.core.schema import FLOAT, ID, IFO, INT, LABEL, STRING, column, schema

#: `catalog/glitches.parquet`, `catalog/shards/{shard}.parquet`: the catalogue, one row per glitch.
GLITCHES = schema(
    "glitches",
    glitch_id=ID,
    ifo=IFO,
    event_time=column(FLOAT, "GPS time of the event", unit="s", nullable=True),
    duration_s=column(FLOAT, "duration that the trigger generator gave", unit="s", nullable=True),
    peak_frequency_hz=column(FLOAT, "frequency of the loudest tile", unit="Hz", nullable=True),
    bandwidth_hz=column(FLOAT, "bandwidth that the trigger generator gave", unit="Hz", nullable=True),
    snr=column(FLOAT, "signal-to-noise ratio of the trigger", nullable=True),
    ranking=column(FLOAT, "a search's own ranking statistic", nullable=True),
    label=LABEL,
    label_confidence=column(FLOAT, "confidence of the label, 0 to 1", nullable=True),
    label_source=column(STRING, "who gave it: folder, metadata, machine or volunteers", nullable=True),
    run=column(STRING, "observing run", nullable=True),
    shard=column(STRING, "stable part of the catalogue"),
    astrophysical=column(STRING, "event, injection or empty"),
    view_path_0_5=column(STRING, "picture of the 0.5 s view", nullable=True),
    view_path_1_0=column(STRING, "picture of the 1 s view", nullable=True),
    view_path_2_0=column(STRING, "picture of the 2 s view", nullable=True),
    view_path_4_0=column(STRING, "picture of the 4 s view", nullable=True),
    view_path_unknown=column(STRING, "picture whose view length is unknown", nullable=True),
    view_digest=column(STRING, "digest of the pictures' bytes", nullable=True),
)

#: `catalog/quarantine.parquet`, and the part of each stage: excluded rows, with the reason.
QUARANTINE = schema(
    "quarantine",
    row=column(INT, "row in the source, -1 where it has none"),
    glitch_id=column(STRING, "glitch, where known", nullable=True),
    stage=column(STRING, "stage that excluded it"),
    source=column(STRING, "file or service it came from"),
    reason=column(STRING, "why, as a code"),
    detail=column(STRING, "facts of that reason, as name=value"),
    read=column(STRING, "what was read there"),
)

#: `catalog/duplicates.parquet`: rows of the sources that repeat a glitch of the catalogue.
DUPLICATES = schema(
    "duplicates",
    glitch_id=ID,
    kept_id=column(STRING, "glitch that stays in the catalogue for it"),
    row=column(INT, "row in the source"),
    source=column(STRING, "file it came from"),
    reason=column(STRING, "why, as a code: same_id, same_event, same_pictures, …"),
    lost_label=column(STRING, "its label, where the glitch that stays has another", nullable=True),
)
