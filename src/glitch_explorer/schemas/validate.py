"""What was planted, beside what was found."""

import pyarrow as pa

from glitch_explorer.schemas.columns import CHANNEL, FLOAT, IFO, INT, STRING, schema

TABLES: dict[str, pa.Schema] = {
    # One row a planted witness and a family that stands for its class.
    "couplings": schema(
        planted_class=(STRING, False, "", "planted class that the channel witnesses"),
        ifo=IFO,
        channel=CHANNEL,
        family=(STRING, True, "", "family that stands for the class, null where none has an answer"),
        n_glitches=(INT, False, "", "the family's planted glitches in the detector"),
        planted_band=(STRING, False, "", "band that moves"),
        planted_lag=(FLOAT, False, "s", "when it moves relative to the glitch, negative before"),
        planted_relation=(STRING, False, "", "leads or co-moves"),
        band=(STRING, True, "", "band found, that of the channel's largest abs(T)"),
        rank=(INT, True, "", "place of the channel's group, null where it was not ranked"),
        lag=(FLOAT, True, "s", "lag found"),
        lag_error=(FLOAT, True, "s", "lag found less lag planted"),
        t_peak=(FLOAT, True, "", "largest T, signed"),
        p_fwer=(FLOAT, True, "", "its family-wise p"),
        q_value=(FLOAT, True, "", "its q-value"),
        relation=(STRING, True, "", "relation found"),
        excess_efficiency=(FLOAT, True, "", "efficiency less the slides' mean"),
    ),
}
