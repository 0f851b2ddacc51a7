"""The table beside the views of a shard."""

from glitch_explorer.core.schema import BOOL, ID, STRING, Column, number, schema

#: `views/{shard}.parquet`: what was read for each row of `views/{shard}.npy`.
VIEWS = schema(
    "views",
    glitch_id=ID,
    present_0_5=Column(BOOL, "the 0.5 s view exists"),
    present_1_0=Column(BOOL, "the 1 s view exists"),
    present_2_0=Column(BOOL, "the 2 s view exists"),
    present_4_0=Column(BOOL, "the 4 s view exists"),
    present_unknown=Column(BOOL, "a view of unknown length exists, in the first slot"),
    mean_energy_0_5=number("mean normalized energy of the 0.5 s view, or of unknown length"),
    mean_energy_1_0=number("the same of the 1 s view, null where there is none"),
    mean_energy_2_0=number("the same of the 2 s view"),
    mean_energy_4_0=number("the same of the 4 s view"),
    image_size=Column(STRING, "width x height of the pictures read, empty for Q-scans"),
    flags=Column(STRING, "semicolon-separated codes, e.g. nyquist_limited"),
)
