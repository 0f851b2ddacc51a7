"""Tables of auxiliary channels and of the witnesses of families."""

from glitch_explorer.core.schema import (
    BAND,
    BOOL,
    CHANNEL,
    FAMILY,
    FLOAT,
    ID,
    IFO,
    INT,
    STRING,
    Column,
    column,
    schema,
)
from glitch_explorer.sources.reasons import Reason

#: Level at which p- and q-values are significant, everywhere.
ALPHA = 0.05

#: A channel and band that was tested with a family.
_WITNESS: dict[str, Column] = {
    "family": FAMILY,
    "ifo": IFO,
    "channel": CHANNEL,
    "band": BAND,
    "lag": column(FLOAT, "onset relative to the glitch, without the filter's delay", unit="s"),
    "lag_peak": column(FLOAT, "lag with the largest abs(T)", unit="s"),
    "auc": column(FLOAT, "probability that on-source is above background; 0.5 without effect", nullable=True),
    "t_statistic": column(FLOAT, "T at `lag`: mean rank in live time nearby, standardised by time slides"),
    "t_peak": column(FLOAT, "T at `lag_peak`, to which the p-values belong"),
    "efficiency": column(FLOAT, "share of glitches above the background's 99 % threshold", nullable=True),
    "excess_efficiency": column(FLOAT, "efficiency minus its mean over time slides", nullable=True),
    "excess_low": column(FLOAT, "lower end of its 95 % interval, null below ten blocks", nullable=True),
    "excess_high": column(FLOAT, "upper end of its 95 % interval", nullable=True),
    "deadtime": column(FLOAT, "share of the live time flagged"),
    "hveto_significance": column(FLOAT, "-log10 of the Poisson tail, no trials factor, lag 0"),
    "hveto_overstated": column(BOOL, "its mean is too large: N_aux * window / T > 0.1"),
    "p_fwer": column(FLOAT, "family-wise p (max-T over channel, band, lag); null if unsafe", nullable=True),
    "p_value": column(FLOAT, "the same with its tail continued, for the q-value", nullable=True),
    "relation": column(STRING, "leads, co-moves, follows; empty where no lag is significant"),
    "safety": column(STRING, "safe, unsafe or unknown"),
    "n_glitches": column(INT, "glitches with data at `lag`"),
    "n_alone": column(INT, "isolated triggers: no other glitch of the family in the minute before"),
    "n_leading": column(INT, "of those, the ones whose data at `lag` end before the glitch begins"),
    "coverage": column(FLOAT, "share of the live time with data"),
    "live_time_s": column(FLOAT, "live time that the row refers to", unit="s"),
}
#: Columns of the channel lists and safety tables.
_LISTED: dict[str, Column] = {
    "channel": column(STRING, "full name with the detector"),
    "rate_hz": column(FLOAT, "sample rate at the time of the run", unit="Hz"),
    "rate_note": column(STRING, "text of the list where the rate changes, else empty"),
    "subsystem": column(STRING, "part of the detector, e.g. PEM"),
    "unit": column(STRING, "unit of the samples, empty where the list has none"),
    "kind": column(STRING, "raw, rms, trend or displacement"),
    "oscillator": column(BOOL, "its value is a frequency that may cross another"),
    "safety": column(STRING, "safe, unsafe or unknown"),
    "safety_source": column(STRING, "source of the safety, empty where unknown"),
    "safety_date": column(STRING, "date of the safety"),
}

#: `coupling/{family}/witnesses.parquet`: each channel and band of a family at the lag of the onset, without
#: the columns that depend on other families.
FAMILY_WITNESSES = schema("family_witnesses", **_WITNESS)

#: `coupling/witnesses.parquet`, and the rows of a family in `coupling/pages/{family}.parquet`: all
#: families, with groups, q-values and ranks.
WITNESSES = schema(
    "witnesses",
    **_WITNESS,
    group=column(STRING, "group of correlated channels, named after its first"),
    q_value=column(
        FLOAT, "smallest false-discovery level at which it is significant, over all families", nullable=True
    ),
    rank=column(INT, "rank of its group within family and detector, by abs(T)", nullable=True),
)

#: Reasons why a channel has no data in part of the live time, each a column with its share.
GAPS: dict[Reason, Column] = {
    Reason.NO_FRAME: column(FLOAT, "share of the live time that no frame covers"),
    Reason.NO_CHANNEL: column(FLOAT, "share whose frames have no such channel"),
    Reason.NOT_SERVED: column(FLOAT, "share that the server has no data of"),
    Reason.FRAME_DAMAGED: column(FLOAT, "share whose frame file is damaged; the log names the file"),
    Reason.OTHER_RATE: column(FLOAT, "share with another sample rate than the list's"),
    Reason.NOT_FINITE: column(FLOAT, "share with NaN or infinite values"),
    Reason.CONSTANT: column(FLOAT, "share of data that never change"),
    Reason.NOT_SETTLED: column(FLOAT, "share with too little data before it for the filters"),
}

#: `coupling/{family}/coverage.parquet`: the share of the live time for which each channel has data.
CHANNEL_COVERAGE = schema(
    "channel_coverage",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    reason=column(STRING, "code of the largest of the shares without data, empty where there is none"),
    share=column(FLOAT, "share of the live time with data"),
    **GAPS,
)

#: `coupling/{family}/lag_profiles.parquet`: the statistic of each channel and band at every lag.
LAG_PROFILES = schema(
    "lag_profiles",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    band=BAND,
    lag=column(FLOAT, "relative to the glitch, negative before", unit="s"),
    auc=column(FLOAT, "on-source above background; null below eight glitches", nullable=True),
    t_statistic=column(FLOAT, "T"),
    n_glitches=column(INT, "glitches with data"),
    survives=column(BOOL, "family-wise p below 0.05 at this lag"),
)

#: `coupling/{family}/pseudo_families.parquet`: the smallest p of each pseudo-family.
PSEUDO_FAMILIES = schema(
    "pseudo_families",
    family=FAMILY,
    ifo=IFO,
    kind=column(STRING, "shifted (real triggers at an offset) or quiet (quiet times)"),
    number=column(INT, "number of the pseudo-family"),
    p_value=column(FLOAT, "its family-wise p"),
)

#: `coupling/calibration.parquet`: how often the p-values of pseudo-families fall below each level.
CALIBRATION = schema(
    "calibration",
    kind=column(STRING, "kind of pseudo-family"),
    alpha=column(FLOAT, "level"),
    n=column(INT, "pseudo-families"),
    n_below=column(INT, "those with p at most alpha"),
    share=column(FLOAT, "the same as a share"),
    binomial_p=column(FLOAT, "probability of so many or more at exactly alpha"),
    passed=column(BOOL, "that probability is at least 0.025"),
)

#: `coupling/slow_drivers/{ifo}.parquet`: the rate of each family against ground motion.
SLOW_DRIVERS = schema(
    "slow_drivers",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    band=BAND,
    rho=column(FLOAT, "rank correlation of counts per minute with log RMS", nullable=True),
    p_value=column(FLOAT, "two-sided, null if too short", nullable=True),
    p_fwer=column(FLOAT, "the same, Bonferroni over the family's rows", nullable=True),
    blocks=column(INT, "independent blocks of time"),
    correlation_min=column(INT, "correlation time of the channel", unit="min"),
    null=column(STRING, "shift (within stretches) or segments (stretches permuted)"),
    answer=column(STRING, "rises, falls, nothing found, or too short"),
)

#: `coupling/{family}/scattering.parquet`: scattered light, one row per displacement channel.
SCATTERING = schema(
    "scattering",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    n_glitches=column(INT, "glitches with data"),
    matched=column(FLOAT, "share with a fringe frequency within a factor of 1.2", nullable=True),
    matched_slides=column(FLOAT, "the same for time slides", nullable=True),
    p_value=column(
        FLOAT, "share of slides with as small a mean mismatch; null below eight glitches", nullable=True
    ),
    p_fwer=column(FLOAT, "the same, Bonferroni over the family's channels", nullable=True),
)

#: `coupling/{family}/fringes.parquet`: the predicted fringe frequency, one row per glitch and
#: displacement channel.
FRINGES = schema(
    "fringes",
    family=FAMILY,
    ifo=IFO,
    glitch_id=ID,
    channel=CHANNEL,
    event_time=column(FLOAT, "GPS time of the glitch", unit="s"),
    observed_hz=column(FLOAT, "frequency of the glitch", unit="Hz"),
    predicted_hz=column(FLOAT, "fringe frequency 2 m v / wavelength of the nearest harmonic", unit="Hz"),
    harmonic=column(INT, "that harmonic, m"),
    mismatch=column(FLOAT, "abs(ln(observed / predicted)), at most ln 2"),
    match=column(BOOL, "observed and predicted are within a factor of 1.2"),
)

#: The channel lists as a job reads them; not a file of its own.
CHANNELS = schema("channels", **_LISTED)

#: `coupling/groups/{ifo}.parquet`: the channels of a detector and their groups.
CHANNEL_GROUPS = schema(
    "channel_groups",
    **_LISTED,
    ifo=IFO,
    group=column(STRING, "group of correlated channels, named after its first"),
)
