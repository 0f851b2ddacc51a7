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
    number,
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
    "lag": Column(FLOAT, "onset relative to the glitch, without the filter's delay", unit="s"),
    "lag_peak": Column(FLOAT, "lag with the largest abs(T)", unit="s"),
    "auc": number("probability that on-source is above background; 0.5 without effect"),
    "t_statistic": Column(FLOAT, "T at `lag`: mean rank in live time nearby, standardised by time slides"),
    "t_peak": Column(FLOAT, "T at `lag_peak`, to which the p-values belong"),
    "efficiency": number(
        "share of glitches above the background's 99 % quantile, or below its 1 % quantile if T is negative"
    ),
    "excess_efficiency": number("efficiency minus its mean over time slides"),
    "excess_low": number("lower end of its 95 % interval over blocks of time, null where there is only one"),
    "excess_high": number("upper end of its 95 % interval"),
    "represents": Column(BOOL, "the channel's band with the largest effect, of those with p_fwer up to 0.05"),
    "channel_excess": number("effect of the channel: excess efficiency, its band chosen on other blocks"),
    "channel_excess_low": number("lower end of its 95 % interval"),
    "channel_excess_high": number("upper end of its 95 % interval"),
    "deadtime": Column(FLOAT, "share of the live time flagged"),
    "hveto_significance": Column(FLOAT, "-log10 of the Poisson tail, no trials factor, lag 0"),
    "hveto_overstated": Column(BOOL, "its mean is too large: N_aux * window / T > 0.1"),
    "p_fwer": number("family-wise p (max-T over channel, band, lag), counted; null if unsafe"),
    "n_slides": Column(INT, "time slides behind p_fwer, which cannot be below 1 / (1 + n_slides)"),
    "relation": Column(STRING, "leads, co-moves, follows; empty where no lag is significant"),
    "safety": Column(STRING, "safe, unsafe or unknown"),
    "n_glitches": Column(INT, "glitches with data at `lag`"),
    "n_alone": Column(INT, "isolated triggers: no other glitch of the family in the minute before"),
    "n_leading": Column(INT, "of those, the ones whose data at `lag` end before the glitch begins"),
    "coverage": Column(FLOAT, "share of the live time with data"),
    "live_time_s": Column(FLOAT, "live time that the row refers to", unit="s"),
}
#: A channel of auxiliary triggers or segments that was tested with a family.
_COINCIDENCE: dict[str, Column] = {
    "family": FAMILY,
    "ifo": IFO,
    "channel": CHANNEL,
    "kind": Column(STRING, "triggers, segments or trends"),
    "lag": Column(
        FLOAT, "middle of the window, or time in the segment or sample, after the glitch", unit="s"
    ),
    "window": Column(
        FLOAT, "full width of the window; for segments 0, for trends the sample length", unit="s"
    ),
    "snr_threshold": number("least SNR of a trigger that counts; null for other kinds"),
    "measure": Column(STRING, "of a trend: high or low level, or its change; else empty"),
    "top_share": number(
        "of a trend: share of the samples nearby that is flagged, those with most of the measure"
    ),
    "delay": number("median time of the nearest trigger after the coincident glitches", unit="s"),
    "t_statistic": Column(
        FLOAT, "T: signed root of the deviance, the largest over lags, windows, thresholds"
    ),
    "auc": Column(FLOAT, "0.5 + (efficiency - deadtime) / 2"),
    "efficiency": Column(FLOAT, "share of the glitches that are coincident"),
    "expected_efficiency": Column(FLOAT, "the same at uniform times of each glitch's ring"),
    "excess_efficiency": Column(FLOAT, "efficiency minus expected efficiency"),
    "excess_low": number("lower end of its 95 % interval over blocks of time, null where there is only one"),
    "excess_high": number("upper end of its 95 % interval"),
    "channel_excess": number("effect of the channel: excess efficiency, its cell chosen on other blocks"),
    "channel_excess_low": number("lower end of its 95 % interval"),
    "channel_excess_high": number("upper end of its 95 % interval"),
    "deadtime": Column(FLOAT, "share of the live time flagged"),
    "hveto_significance": Column(FLOAT, "largest over the scan at lag 0: -log10 of the Poisson tail"),
    "hveto_overstated": Column(BOOL, "its mean is too large: N_aux * window / T > 0.1"),
    "p_fwer": number("family-wise p (largest T over channels and scan), counted; null if unsafe"),
    "n_slides": Column(INT, "time slides behind p_fwer, which cannot be below 1 / (1 + n_slides)"),
    "relation": Column(STRING, "leads, co-moves, follows; empty for p_fwer above 0.05"),
    "slide_range_s": Column(FLOAT, "largest shift of a glitch in a time slide", unit="s"),
    "at_floor": Column(BOOL, "no time slide is as high: p_fwer and q_value are upper limits"),
    "safety": Column(STRING, "safe, unsafe or unknown"),
    "group": Column(STRING, "group of channels that flag the same time, named after its first"),
    "n_glitches": Column(INT, "glitches where the channel is known"),
    "n_auxiliary": Column(INT, "triggers or samples that reach the threshold, or segments"),
    "coverage": Column(FLOAT, "share of the live time where the channel is known"),
    "live_time_s": Column(FLOAT, "that time", unit="s"),
    "snr_auc": number(
        "probability that a coincident glitch is louder than another; only for p_fwer up to 0.05"
    ),
    "snr_auc_low": number(
        "lower end of its 95 % interval over blocks of time; above 0.5 as leakage would be"
    ),
    "snr_auc_high": number("upper end of its 95 % interval"),
    "days_to_half": Column(
        INT, "days with half of the coincidences; only for p_fwer up to 0.05", nullable=True
    ),
}
#: Columns of the channel lists and safety tables.
_LISTED: dict[str, Column] = {
    "channel": Column(STRING, "full name with the detector"),
    "rate_hz": Column(FLOAT, "sample rate at the time of the run", unit="Hz"),
    "rate_note": Column(STRING, "text of the list where the rate changes, else empty"),
    "subsystem": Column(STRING, "part of the detector, e.g. PEM"),
    "unit": Column(STRING, "unit of the samples, empty where the list has none"),
    "kind": Column(STRING, "raw, rms, trend or displacement"),
    "oscillator": Column(BOOL, "its value is a frequency that may cross another"),
    "safety": Column(STRING, "safe, unsafe or unknown"),
    "safety_source": Column(STRING, "source of the safety, empty where unknown"),
    "safety_date": Column(STRING, "date of the safety"),
}

#: `coupling/{family}/witnesses.parquet`: each channel and band of a family at the lag of the onset, without
#: the columns that depend on other families.
FAMILY_WITNESSES = schema("family_witnesses", **_WITNESS)

#: `coupling/witnesses.parquet`, and the rows of a family in `coupling/pages/{family}.parquet`: all
#: families, with groups, q-values and ranks.
WITNESSES = schema(
    "witnesses",
    **_WITNESS,
    group=Column(STRING, "group of correlated channels, named after its first"),
    q_value=number("smallest false-discovery level at which it is significant, over all families"),
    strong=Column(
        BOOL,
        "a finding: the band shown for its channel, excess >= coupling.least_effect with interval above 0",
    ),
    at_floor=Column(BOOL, "no time slide is as high: p_fwer and q_value are upper limits"),
    rank=Column(INT, "rank of its group within family and detector, by abs(T)", nullable=True),
)

#: Reasons why a channel has no data in part of the live time, each a column with its share.
GAPS: dict[Reason, Column] = {
    Reason.NO_FRAME: Column(FLOAT, "share of the live time that no frame covers"),
    Reason.NO_CHANNEL: Column(FLOAT, "share whose frames have no such channel"),
    Reason.NOT_SERVED: Column(FLOAT, "share that the server has no data of"),
    Reason.FRAME_DAMAGED: Column(FLOAT, "share whose frame file is damaged; the log names the file"),
    Reason.OTHER_RATE: Column(FLOAT, "share with another sample rate than the list's"),
    Reason.NOT_FINITE: Column(FLOAT, "share with NaN or infinite values"),
    Reason.CONSTANT: Column(FLOAT, "share of data that never change"),
    Reason.NOT_SETTLED: Column(FLOAT, "share with too little data before it for the filters"),
}

#: `coupling/{family}/coverage.parquet`: the share of the live time for which each channel has data.
CHANNEL_COVERAGE = schema(
    "channel_coverage",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    reason=Column(STRING, "code of the largest of the shares without data, empty where there is none"),
    share=Column(FLOAT, "share of the live time with data"),
    **GAPS,
)

#: `coupling/{family}/lag_profiles.parquet`: the statistic of each channel and band at every lag.
LAG_PROFILES = schema(
    "lag_profiles",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    band=BAND,
    lag=Column(FLOAT, "relative to the glitch, negative before", unit="s"),
    auc=number("on-source above background; null below eight glitches"),
    t_statistic=Column(FLOAT, "T"),
    n_glitches=Column(INT, "glitches with data"),
    survives=Column(BOOL, "family-wise p below 0.05 at this lag"),
)

#: `coupling/{family}/pseudo_families.parquet`: the smallest p of each pseudo-family.
PSEUDO_FAMILIES = schema(
    "pseudo_families",
    family=FAMILY,
    ifo=IFO,
    kind=Column(STRING, "shifted (real triggers at an offset) or quiet (quiet times)"),
    number=Column(INT, "number of the pseudo-family"),
    p_value=Column(FLOAT, "its family-wise p"),
)

#: `coupling/calibration.parquet`: how often the p-values of pseudo-families fall below each level.
CALIBRATION = schema(
    "calibration",
    kind=Column(STRING, "kind of pseudo-family"),
    alpha=Column(FLOAT, "level"),
    n=Column(INT, "pseudo-families"),
    n_below=Column(INT, "those with p at most alpha"),
    share=Column(FLOAT, "the same as a share"),
    binomial_p=Column(FLOAT, "binomial probability of at least n_below if p is uniform"),
    passed=Column(BOOL, "that probability is at least 0.025"),
)

#: `coupling/{family}/scattering.parquet`: scattered light, one row per displacement channel.
SCATTERING = schema(
    "scattering",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    n_glitches=Column(INT, "glitches with data"),
    matched=number("share with a fringe frequency within a factor of 1.2; null below eight glitches"),
    matched_low=number("lower end of its 95 % interval"),
    matched_high=number("upper end of its 95 % interval"),
    matched_slides=number("mean of the same share over time slides"),
    p_value=number("share of slides with at least as large a share, counted"),
    n_slides=Column(INT, "time slides that it is counted among"),
    p_fwer=number("the same, Bonferroni over the family's channels"),
    answer=Column(STRING, "yes (a fifth of the glitches, clearly more than in slides), no, or too few"),
)

#: `coupling/{family}/fringes.parquet`: the predicted fringe frequency, one row per glitch and
#: displacement channel.
FRINGES = schema(
    "fringes",
    family=FAMILY,
    ifo=IFO,
    glitch_id=ID,
    channel=CHANNEL,
    event_time=Column(FLOAT, "GPS time of the glitch", unit="s"),
    observed_hz=Column(FLOAT, "frequency of the glitch", unit="Hz"),
    predicted_hz=Column(FLOAT, "fringe frequency 2 m v / wavelength of the nearest harmonic", unit="Hz"),
    harmonic=Column(INT, "that harmonic, m"),
    mismatch=Column(FLOAT, "abs(ln(observed / predicted)), at most ln 2"),
    match=Column(BOOL, "observed and predicted are within a factor of 1.2"),
)

#: `coupling/coincidences/{ifo}.parquet`: channels of auxiliary triggers, segments and trends against the
#: families of a detector.
DETECTOR_COINCIDENCES = schema("detector_coincidences", **_COINCIDENCE)

#: `coupling/coincidences.parquet`: the same of all detectors, with q-values. Only with `coupling.triggers`,
#: `coupling.flags` or `coupling.trends`, as the following two.
COINCIDENCES = schema(
    "coincidences",
    **_COINCIDENCE,
    q_value=number("smallest false-discovery level at which it is significant, over all families"),
    strong=Column(BOOL, "significant; channel_excess at least coupling.least_effect, its interval above 0"),
)

#: `coupling/hveto_rounds.parquet`, `coupling/hveto_rounds/{ifo}.parquet`: the winner of each of hveto's
#: rounds.
HVETO_ROUNDS = schema(
    "hveto_rounds",
    family=FAMILY,
    ifo=IFO,
    round=Column(INT, "1 is the first"),
    channel=CHANNEL,
    window=Column(FLOAT, "full width of the coincidence window", unit="s"),
    snr_threshold=Column(FLOAT, "least SNR of a trigger that counts"),
    significance=Column(FLOAT, "-log10 of the Poisson tail, without trials factor"),
    mean=Column(FLOAT, "expected number of coincident glitches"),
    coincident=Column(INT, "glitches with a trigger in the window"),
    vetoed=Column(INT, "glitches in the windows of all triggers; later rounds do not have them"),
    glitches=Column(INT, "glitches that the round began with"),
    deadtime_s=Column(FLOAT, "live time that the windows remove", unit="s"),
    live_time_s=Column(FLOAT, "live time that the round began with", unit="s"),
)

#: `coupling/coincidence_shares.parquet`, `coupling/coincidence_shares/{ifo}.parquet`: share of coincident
#: glitches by SNR and by day, of channels with p_fwer up to 0.05.
COINCIDENCE_SHARES = schema(
    "coincidence_shares",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    kind=Column(STRING, "triggers, segments or trends"),
    by=Column(STRING, "snr or day"),
    low=Column(FLOAT, "lower end of the bin: SNR, or GPS seconds"),
    high=Column(FLOAT, "upper end, not included"),
    n=Column(INT, "glitches where the channel is known"),
    hits=Column(INT, "those that are coincident"),
    share=Column(FLOAT, "hits / n"),
    share_low=Column(FLOAT, "lower end of its 95 % interval (Wilson), as if glitches were independent"),
    share_high=Column(FLOAT, "upper end of its 95 % interval"),
)

#: Kinds of evidence that a channel is a witness: its samples (table "witnesses"), and the kinds of table
#: "coincidences".
RAW = "raw"
EVIDENCE_KINDS = (RAW, "triggers", "segments", "trends")


def _of_kind(kind: str) -> dict[str, Column]:
    """Return the columns of one kind of evidence, null where the base channel was not tested by it."""
    columns = {
        "channel": Column(
            STRING, f"name in the table of {kind}, of several the strong or surest", nullable=True
        ),
        "lag": number("lag of that row", unit="s"),
        "efficiency": number("its efficiency"),
        "deadtime": number("its deadtime"),
        "excess": number("effect of the channel, as channel_excess; null where not significant"),
        "excess_low": number("lower end of its 95 % interval"),
        "excess_high": number("upper end of its 95 % interval"),
        "t_statistic": number("T"),
        "p_fwer": number("family-wise p of this kind"),
        "q_value": number("q-value, in one false-discovery rate with the other kinds"),
        "at_floor": Column(BOOL, "q_value is an upper limit", nullable=True),
        "relation": Column(STRING, "leads, co-moves, follows", nullable=True),
    }
    if kind == RAW:
        columns["band"] = BAND._replace(nullable=True)
    else:
        columns["window"] = number(
            "full width of the window; for segments 0, for trends the sample length", unit="s"
        )
    if kind == "trends":
        columns["measure"] = Column(STRING, "high, low or change", nullable=True)
        columns["top_share"] = number("share of the samples nearby that count")
    return {f"{kind}_{name}": column for name, column in columns.items()}


#: `coupling/evidence.parquet`: base channels that are a witness of a family by at least one kind of evidence.
#: Names that differ in suffix or punctuation only are one base channel: it is one witness.
EVIDENCE = schema(
    "evidence",
    family=FAMILY,
    ifo=IFO,
    channel=Column(STRING, "base channel: full name, without suffix"),
    kinds=Column(STRING, "kinds in which it is significant, e.g. raw, triggers"),
    tested=Column(STRING, "kinds in which it was tested with the family"),
    q_value=Column(FLOAT, "smallest of these kinds"),
    at_floor=Column(BOOL, "it is an upper limit"),
    excess=number("largest effect of these kinds, null where none has one"),
    excess_low=number("lower end of its 95 % interval"),
    excess_high=number("upper end of its 95 % interval"),
    strong=Column(BOOL, "strong by at least one kind, and not unsafe"),
    safety=Column(STRING, "the worst of its names, of all kinds and families: safe, unknown or unsafe"),
    group=Column(STRING, "group of channels, of the samples where they were read"),
    **{name: column for kind in EVIDENCE_KINDS for name, column in _of_kind(kind).items()},
)

#: The channel lists as a job reads them; not a file of its own.
CHANNELS = schema("channels", **_LISTED)

#: `coupling/groups/{ifo}.parquet`: the channels of a detector and their groups.
CHANNEL_GROUPS = schema(
    "channel_groups",
    **_LISTED,
    ifo=IFO,
    group=Column(STRING, "group of correlated channels, named after its first"),
)
