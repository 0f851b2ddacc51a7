"""The table beside the views of a shard."""

from glitch_explorer.core.schema import BOOL, FLOAT, ID, STRING, column, schema

#: `views/{shard}.parquet`: what was read for each row of `views/{shard}.npy`.
VIEWS = schema(
    "views",
    glitch_id=ID,
    present_0_5=column(BOOL, "the 0.5 s view exists"),
    present_1_0=column(BOOL, "the 1 s view exists"),
    present_2_0=column(BOOL, "the 2 s view exists"),
    present_4_0=column(BOOL, "the 4 s view exists"),
    present_unknown=column(BOOL, "a view of unknown length exists, in the first slot"),
    mean_energy_0_5=column(
        FLOAT, "mean normalized energy of the 0.5 s view, or of unknown length", nullable=True
    ),
    mean_energy_1_0=column(FLOAT, "the same of the 1 s view, null where there is none", nullable=True),
    mean_energy_2_0=column(FLOAT, "the same of the 2 s view", nullable=True),
    mean_energy_4_0=column(FLOAT, "the same of the 4 s view", nullable=True),
    image_size=column(STRING, "width x height of the pictures read, empty for Q-scans"),
    flags=column(STRING, "semicolon-separated codes, e.g. nyquist_limited"),
)
