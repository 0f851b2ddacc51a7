"""The tables of the project: one schema each, one way to write and to read them.

Every column's unit and meaning is in its field metadata, and travels in the
Parquet file. A table that does not fit its schema is refused.
"""

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from glitch_explorer import files
from glitch_explorer.errors import UserError

#: View lengths in seconds, in the order of every array's view axis.
VIEWS: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
#: The same, as they stand in file names and in the column `view`.
VIEW_NAMES: tuple[str, ...] = ("0.5", "1.0", "2.0", "4.0")
#: Columns of the catalogue that hold the path of each view's picture.
VIEW_PATHS: tuple[str, ...] = ("view_path_0_5", "view_path_1_0", "view_path_2_0", "view_path_4_0")
#: Column for the picture whose view length is unknown (`unit: view` only).
VIEW_PATH_UNKNOWN = "view_path_unknown"
#: Columns of the views table that say which views a glitch has.
VIEW_PRESENT: tuple[str, ...] = ("present_0_5", "present_1_0", "present_2_0", "present_4_0")
#: The same for the picture of unknown view length; the array holds it in the first slot.
VIEW_PRESENT_UNKNOWN = "present_unknown"
#: Name of such a view in the column `view`.
VIEW_UNKNOWN = "unknown"
#: The family of glitches that no family takes.
UNASSIGNED = "-1"

_STRING, _FLOAT, _BOOL, _INT = pa.string(), pa.float64(), pa.bool_(), pa.int64()


def _schema(**columns: tuple[pa.DataType, bool, str, str]) -> pa.Schema:
    """Make a schema of (type, nullable, unit, meaning) per column."""
    return pa.schema(
        [
            pa.field(name, kind, nullable, metadata={"unit": unit, "description": text})
            for name, (kind, nullable, unit, text) in columns.items()
        ]
    )


_ID = (_STRING, False, "", "Gravity Spy id, or one made from detector and time")
_IFO = (_STRING, False, "", "detector, e.g. H1")
_VIEW = (_STRING, False, "", "view length in seconds, empty where the four views are fused")
_FAMILY = (_STRING, False, "", "family id, -1 where unassigned")
_CHANNEL = (_STRING, False, "", "full name of the channel")
_BAND = (_STRING, False, "", "frequency band, or mean, slope, distance, broadband")
_LABEL = (_STRING, True, "", "class name of the label, null where there is none")

SCHEMAS: dict[str, pa.Schema] = {
    # The catalogue: one row a glitch, key glitch_id; its shards have the same columns.
    "glitches": _schema(
        glitch_id=_ID,
        ifo=_IFO,
        event_time=(_FLOAT, True, "s", "GPS time of the event"),
        duration_s=(_FLOAT, True, "s", "duration that the trigger generator gave"),
        peak_frequency_hz=(_FLOAT, True, "Hz", "frequency of the loudest tile"),
        bandwidth_hz=(_FLOAT, True, "Hz", "bandwidth that the trigger generator gave"),
        snr=(_FLOAT, True, "", "signal-to-noise ratio of the trigger"),
        ranking=(_FLOAT, True, "", "a search's own ranking statistic"),
        label=_LABEL,
        label_confidence=(_FLOAT, True, "", "confidence of the label, 0 to 1"),
        label_source=(_STRING, True, "", "who gave it: folder, metadata, machine or volunteers"),
        run=(_STRING, True, "", "observing run"),
        shard=(_STRING, False, "", "stable part of the catalogue"),
        astrophysical=(_STRING, False, "", "event, injection or empty"),
        view_path_0_5=(_STRING, True, "", "picture of the 0.5 s view"),
        view_path_1_0=(_STRING, True, "", "picture of the 1 s view"),
        view_path_2_0=(_STRING, True, "", "picture of the 2 s view"),
        view_path_4_0=(_STRING, True, "", "picture of the 4 s view"),
        view_path_unknown=(_STRING, True, "", "picture whose view length is unknown"),
        view_digest=(_STRING, True, "", "digest of the pictures' bytes"),
    ),
    "segments": _schema(
        ifo=_IFO,
        start=(_FLOAT, False, "s", "GPS start"),
        end=(_FLOAT, False, "s", "GPS end, not included"),
        flag=(_STRING, False, "", "name of the flag"),
        source=(_STRING, False, "", "file or service it was read from"),
    ),
    "events": _schema(
        name=(_STRING, False, "", "name of the event"),
        ifo=(_STRING, False, "", "detector, empty for all"),
        event_time=(_FLOAT, False, "s", "GPS time"),
        kind=(_STRING, False, "", "event or injection"),
    ),
    "quarantine": _schema(
        row=(_INT, False, "", "row in the source, -1 where it has none"),
        glitch_id=(_STRING, True, "", "glitch, where known"),
        stage=(_STRING, False, "", "stage that put it aside"),
        source=(_STRING, False, "", "file or service it came from"),
        reason=(_STRING, False, "", "why, in words"),
        read=(_STRING, False, "", "what was read there"),
    ),
    "duplicates": _schema(
        glitch_id=_ID,
        kept_id=(_STRING, False, "", "glitch that stays in the catalogue for it"),
        row=(_INT, False, "", "row in the source"),
        source=(_STRING, False, "", "file it came from"),
        reason=(_STRING, False, "", "same id, same event, or same pictures"),
    ),
    # Beside each views array: what became of each row.
    "views": _schema(
        glitch_id=_ID,
        present_0_5=(_BOOL, False, "", "the 0.5 s view exists"),
        present_1_0=(_BOOL, False, "", "the 1 s view exists"),
        present_2_0=(_BOOL, False, "", "the 2 s view exists"),
        present_4_0=(_BOOL, False, "", "the 4 s view exists"),
        present_unknown=(_BOOL, False, "", "a view of unknown length exists, in the first slot"),
        image_size=(_STRING, False, "", "width x height of the pictures read, empty for Q-scans"),
        flags=(_STRING, False, "", "semicolon-separated remarks, e.g. nyquist_limited"),
    ),
    # The rows of the map, in the order of every array and table of it.
    "map_rows": _schema(
        glitch_id=_ID,
        view=_VIEW,
        representative=(
            _INT,
            False,
            "",
            "first row with the same vector; that one is mapped, this copies it",
        ),
    ),
    "coordinates": _schema(
        glitch_id=_ID,
        view=_VIEW,
        x=(_FLOAT, False, "", "first UMAP coordinate"),
        y=(_FLOAT, False, "", "second UMAP coordinate"),
    ),
    "families": _schema(
        glitch_id=_ID,
        view=_VIEW,
        family=_FAMILY,
        probability=(_FLOAT, False, "", "HDBSCAN membership probability"),
        outlier_score=(_FLOAT, False, "", "GLOSH outlier score"),
    ),
    "family_ids": _schema(
        family=_FAMILY,
        n=(_INT, False, "", "rows in it"),
        new=(_BOOL, False, "", "no family of the reference map stands behind it"),
        overlap=(_FLOAT, True, "", "Jaccard overlap with the reference family of this id"),
    ),
    "placed": _schema(
        glitch_id=_ID,
        view=_VIEW,
        x=(_FLOAT, False, "", "first UMAP coordinate"),
        y=(_FLOAT, False, "", "second UMAP coordinate"),
        family=_FAMILY,
        probability=(_FLOAT, False, "", "the family's share of the neighbours' weight, 0 where unassigned"),
        fits=(_BOOL, False, "", "it lies no farther out than members of its family do"),
        p_value=(_FLOAT, False, "", "share of the family's members at least as far from their neighbours"),
        nearest_id=(_STRING, False, "", "nearest glitch of the map"),
        nearest_family=(_STRING, False, "", "its family, -1 where unassigned"),
        distance=(_FLOAT, False, "", "cosine distance to it"),
    ),
    # The nearest glitches of every glitch of the map.
    "neighbours": _schema(
        glitch_id=_ID,
        view=_VIEW,
        rank=(_INT, False, "", "1 is the nearest"),
        neighbour_id=(_STRING, False, "", "glitch that is near"),
        neighbour_view=(_STRING, False, "", "its view, empty where the four views are fused"),
        distance=(_FLOAT, False, "", "cosine distance over the views that both have"),
    ),
    # The answer to a query, as CSV.
    "similar": _schema(
        query=(_STRING, False, "", "what was asked for"),
        query_id=(_STRING, True, "", "glitch of the map that it is, null for a picture or another moment"),
        rank=(_INT, False, "", "1 is the nearest"),
        distance=(_FLOAT, False, "", "cosine distance over the views that both have"),
        glitch_id=_ID,
        view=_VIEW,
        ifo=_IFO,
        event_time=(_FLOAT, True, "s", "GPS time of the event"),
        family=_FAMILY,
        label=_LABEL,
        suspect=(_BOOL, False, "", "confident learning counts its label as an error"),
    ),
    "members": _schema(
        kind=(_STRING, False, "", "glitch or quiet"),
        glitch_id=(_STRING, False, "", "the glitch; empty for quiet time"),
        view=_VIEW,
        ifo=_IFO,
        event_time=(_FLOAT, True, "s", "GPS time of the glitch, or where the quiet stretch starts"),
        duration_s=(_FLOAT, True, "s", "duration of the glitch, or length of the quiet stretch"),
        peak_frequency_hz=(_FLOAT, True, "Hz", "frequency at the peak of the glitch"),
        snr=(_FLOAT, True, "", "signal-to-noise ratio of the glitch"),
    ),
    "stability": _schema(
        family=_FAMILY,
        stability=(_FLOAT, False, "", "mean best Jaccard over re-runs"),
        stability_low=(_FLOAT, False, "", "lower end of its 95 % interval"),
        stability_high=(_FLOAT, False, "", "upper end of its 95 % interval"),
        n_runs=(_INT, False, "", "number of re-runs"),
    ),
    "quality": _schema(
        metric=(_STRING, False, "", "name of the measure"),
        value=(_FLOAT, False, "", "its value"),
        n=(_INT, False, "", "number of glitches it was measured on"),
    ),
    "audit_families": _schema(
        family=_FAMILY,
        n=(_INT, False, "", "members"),
        n_labelled=(_INT, False, "", "members with a label"),
        plurality_label=_LABEL,
        purity=(_FLOAT, True, "", "largest label share"),
        ambiguity_score=(_FLOAT, True, "", "(1 - purity) * n_labelled"),
        label_entropy_bits=(_FLOAT, True, "bit", "H(label | family)"),
        stability=(_FLOAT, False, "", "mean best Jaccard over re-runs"),
        stability_low=(_FLOAT, False, "", "lower end of its 95 % interval"),
        stability_high=(_FLOAT, False, "", "upper end of its 95 % interval"),
        medoid=(_STRING, False, "", "glitch_id of the most central member"),
    ),
    "labels": _schema(
        label=(_STRING, False, "", "class name"),
        n=(_INT, False, "", "glitches with this label"),
        family_entropy_bits=(_FLOAT, False, "bit", "H(family | label)"),
        n_families=(_INT, False, "", "families that hold any of them"),
        share_unassigned=(_FLOAT, False, "", "share that no family takes"),
    ),
    "suspects": _schema(
        glitch_id=_ID,
        view=_VIEW,
        family=_FAMILY,
        label=(_STRING, False, "", "label given"),
        proposed_label=(_STRING, False, "", "label that the neighbours propose"),
        evidence=(_FLOAT, False, "", "1 - label quality (cleanlab), 0 to 1, high is suspect"),
        issue=(_BOOL, False, "", "confident learning counts it as a label error"),
        confusable_pair=(_BOOL, False, "", "experts call the two classes confusable"),
    ),
    "gradients": _schema(
        family=_FAMILY,
        segment=(_INT, False, "", "number along the family's principal axis"),
        position_low=(_FLOAT, False, "", "where the segment begins, 0 to 1"),
        position_high=(_FLOAT, False, "", "where it ends"),
        n=(_INT, False, "", "members in it"),
        n_labelled=(_INT, False, "", "members with a label"),
        plurality_label=_LABEL,
        consistency=(_FLOAT, True, "", "share of the plurality label"),
        consistency_low=(_FLOAT, True, "", "lower end of its Wilson interval"),
        consistency_high=(_FLOAT, True, "", "upper end of its Wilson interval"),
        gradient=(_BOOL, False, "", "the labels change along the family's axis"),
    ),
    "positions": _schema(
        glitch_id=_ID,
        view=_VIEW,
        family=_FAMILY,
        segment=(_INT, False, "", "segment of the family's axis"),
        position=(_FLOAT, False, "", "rank along the family's principal axis, 0 to 1"),
    ),
    "relabel": _schema(
        glitch_id=_ID,
        view=_VIEW,
        family=_FAMILY,
        segment=(_INT, False, "", "segment of the family's axis"),
        label=_LABEL,
        proposed_label=(_STRING, False, "", "label proposed"),
        evidence=(_STRING, False, "", "why, in words and numbers"),
    ),
    "leakage": _schema(
        variable=(_STRING, False, "", "what may leak into the families"),
        mutual_information_bits=(_FLOAT, False, "bit", "I(family; variable | label)"),
        normalised=(_FLOAT, False, "", "excess over the null mean, per bit of H(variable | label)"),
        p_value=(_FLOAT, False, "", "share of within-label permutations at least as high"),
        gated=(_BOOL, False, "", "this variable can fail the run"),
        failed=(_BOOL, False, "", "it did"),
    ),
    "probe": _schema(
        family=_FAMILY,
        detectors=(_STRING, False, "", "the two detectors told apart, the higher scores to the second"),
        n_first=(_INT, False, "", "members of the first that were used"),
        n_second=(_INT, False, "", "members of the second that were used"),
        n_blocks=(_INT, False, "", "blocks of time, never split between folds"),
        auc=(_FLOAT, False, "", "area under the ROC curve on held-out blocks, 0.5 is nothing"),
        auc_low=(_FLOAT, False, "", "lower end of its 95 % interval, resampled by block"),
        auc_high=(_FLOAT, False, "", "upper end of its 95 % interval"),
        p_value=(_FLOAT, False, "", "share of permutations within blocks with as high an AUC"),
    ),
    # Encoders on labelled pictures (`snakemake evaluate_encoder`).
    "evaluation": _schema(
        pictures=(_STRING, False, "", "folder that the pictures come from"),
        encoder=(_STRING, False, "", "backbone and weights"),
        draw=(_INT, False, "", "seed of untrained weights, 0 for others"),
        types=(_STRING, False, "", "catalogue: the 22 types; outside: other types and rests"),
        view=(_STRING, False, "", "view length in seconds, any (each view asks all views), or fused"),
        n=(_INT, False, "", "glitches that asked"),
        n_classes=(_INT, False, "", "their classes"),
        accuracy=(_FLOAT, True, "", "share whose nearest other glitch has the same class"),
        accuracy_low=(_FLOAT, True, "", "lower end of its 95 % Wilson interval"),
        accuracy_high=(_FLOAT, True, "", "upper end of its 95 % Wilson interval"),
        mrr=(_FLOAT, True, "", "mean reciprocal rank of the nearest of the same class"),
        mrr_low=(_FLOAT, True, "", "lower end of its 95 % bootstrap interval over glitches"),
        mrr_high=(_FLOAT, True, "", "upper end of its 95 % bootstrap interval"),
        chance=(_FLOAT, True, "", "accuracy of a random neighbour"),
        p_value=(_FLOAT, True, "", "share of random labellings with as high an accuracy"),
        errors=(_INT, False, "", "rows whose nearest neighbour has another class"),
        confusable=(_FLOAT, True, "", "share of the errors on pairs that experts call confusable"),
        confusable_chance=(_FLOAT, True, "", "that share for errors at random"),
    ),
    "confusion": _schema(
        pictures=(_STRING, False, "", "folder that the pictures come from"),
        encoder=(_STRING, False, "", "backbone and weights"),
        draw=(_INT, False, "", "seed of untrained weights, 0 for others"),
        label=(_STRING, False, "", "class of the glitch that asked"),
        nearest=(_STRING, False, "", "class of its nearest other glitch, views fused"),
        n=(_INT, False, "", "glitches"),
        confusable_pair=(_BOOL, False, "", "experts call the two classes confusable"),
    ),
    # Coupling: one row a (channel, band) at the lag where it lights up.
    "family_witnesses": _schema(
        family=_FAMILY,
        ifo=_IFO,
        channel=_CHANNEL,
        band=_BAND,
        lag=(_FLOAT, False, "s", "when it lights up relative to the glitch, its filter's delay taken off"),
        lag_peak=(_FLOAT, False, "s", "lag with the largest abs(T)"),
        auc=(_FLOAT, True, "", "chance that on-source is above background at `lag`, 0.5 is nothing"),
        t_statistic=(_FLOAT, False, "", "T at `lag`: AUC less its slides' mean, per their spread"),
        t_peak=(_FLOAT, False, "", "T at `lag_peak`, to which the p-values belong"),
        efficiency=(_FLOAT, False, "", "share of glitches flagged at the background's 99 % threshold"),
        excess_efficiency=(_FLOAT, False, "", "efficiency less the slides' mean"),
        excess_low=(_FLOAT, True, "", "lower end of its 95 % interval, null under ten blocks"),
        excess_high=(_FLOAT, True, "", "upper end of its 95 % interval"),
        deadtime=(_FLOAT, False, "", "share of the live time flagged"),
        hveto_significance=(_FLOAT, False, "", "-log10 of the Poisson tail, no trials factor, lag 0"),
        hveto_overstated=(_BOOL, False, "", "its mean is too large: N_aux * window / T > 0.1"),
        p_fwer=(_FLOAT, True, "", "family-wise p (max-T over channel, band, lag); null if unsafe"),
        p_value=(_FLOAT, True, "", "the same with its tail continued, for the q-value"),
        relation=(_STRING, False, "", "leads, co-moves, follows; empty where no lag survives"),
        safety=(_STRING, False, "", "safe, unsafe or unknown"),
        n_glitches=(_INT, False, "", "glitches with data at `lag`"),
        n_alone=(_INT, False, "", "glitches with no other of the family in the minute before"),
        n_leading=(_INT, False, "", "of those, the ones whose window at `lag` ends early enough"),
        coverage=(_FLOAT, False, "", "share of the live time with data"),
        live_time_s=(_FLOAT, False, "s", "live time that all this refers to"),
    ),
    "witnesses": _schema(
        family=_FAMILY,
        ifo=_IFO,
        channel=_CHANNEL,
        band=_BAND,
        lag=(_FLOAT, False, "s", "when it lights up relative to the glitch, its filter's delay taken off"),
        lag_peak=(_FLOAT, False, "s", "lag with the largest abs(T)"),
        auc=(_FLOAT, True, "", "chance that on-source is above background at `lag`, 0.5 is nothing"),
        t_statistic=(_FLOAT, False, "", "T at `lag`: AUC less its slides' mean, per their spread"),
        t_peak=(_FLOAT, False, "", "T at `lag_peak`, to which the p-values belong"),
        efficiency=(_FLOAT, False, "", "share of glitches flagged at the background's 99 % threshold"),
        excess_efficiency=(_FLOAT, False, "", "efficiency less the slides' mean"),
        excess_low=(_FLOAT, True, "", "lower end of its 95 % interval, null under ten blocks"),
        excess_high=(_FLOAT, True, "", "upper end of its 95 % interval"),
        deadtime=(_FLOAT, False, "", "share of the live time flagged"),
        hveto_significance=(_FLOAT, False, "", "-log10 of the Poisson tail, no trials factor, lag 0"),
        hveto_overstated=(_BOOL, False, "", "its mean is too large: N_aux * window / T > 0.1"),
        p_fwer=(_FLOAT, True, "", "family-wise p (max-T over channel, band, lag); null if unsafe"),
        p_value=(_FLOAT, True, "", "the same with its tail continued, for the q-value"),
        relation=(_STRING, False, "", "leads, co-moves, follows; empty where no lag survives"),
        safety=(_STRING, False, "", "safe, unsafe or unknown"),
        group=(_STRING, False, "", "group of correlated channels, called by its first"),
        n_glitches=(_INT, False, "", "glitches with data at `lag`"),
        n_alone=(_INT, False, "", "glitches with no other of the family in the minute before"),
        n_leading=(_INT, False, "", "of those, the ones whose window at `lag` ends early enough"),
        coverage=(_FLOAT, False, "", "share of the live time with data"),
        q_value=(_FLOAT, True, "", "smallest false-discovery level at which it counts, over all families"),
        rank=(_INT, True, "", "place of its group within family and detector, by abs(T)"),
        live_time_s=(_FLOAT, False, "s", "live time that all this refers to"),
    ),
    # Validation: one row a planted witness and a family that stands for its class.
    "couplings": _schema(
        **{"class": (_STRING, False, "", "planted class")},
        ifo=_IFO,
        channel=_CHANNEL,
        family=(_STRING, True, "", "family that stands for the class, null where none has an answer"),
        n_glitches=(_INT, False, "", "the family's planted glitches in the detector"),
        planted_band=(_STRING, False, "", "band that moves"),
        planted_lag=(_FLOAT, False, "s", "when it moves relative to the glitch, negative before"),
        planted_relation=(_STRING, False, "", "leads or co-moves"),
        band=(_STRING, True, "", "band found, the channel's largest abs(T)"),
        rank=(_INT, True, "", "place of the channel's group, null where it was not ranked"),
        lag=(_FLOAT, True, "s", "lag found"),
        lag_error=(_FLOAT, True, "s", "lag found less lag planted"),
        t_peak=(_FLOAT, True, "", "largest T, signed"),
        p_fwer=(_FLOAT, True, "", "its family-wise p"),
        q_value=(_FLOAT, True, "", "its q-value"),
        relation=(_STRING, True, "", "relation found"),
        excess_efficiency=(_FLOAT, True, "", "efficiency less the slides' mean"),
    ),
    "channel_coverage": _schema(
        family=_FAMILY,
        ifo=_IFO,
        channel=_CHANNEL,
        reason=(_STRING, False, "", "why some of the live time has no data, empty where all has"),
        share=(_FLOAT, False, "", "share of the live time with data"),
    ),
    "lag_profiles": _schema(
        family=_FAMILY,
        ifo=_IFO,
        channel=_CHANNEL,
        band=_BAND,
        lag=(_FLOAT, False, "s", "relative to the glitch, negative before"),
        auc=(_FLOAT, True, "", "on-source against background; null below eight glitches"),
        t_statistic=(_FLOAT, False, "", "T"),
        n_glitches=(_INT, False, "", "glitches with data"),
        survives=(_BOOL, False, "", "family-wise p below 0.05 at this lag"),
    ),
    "pseudo_families": _schema(
        family=_FAMILY,
        ifo=_IFO,
        kind=(_STRING, False, "", "shifted (real train at an offset) or quiet (quiet times)"),
        number=(_INT, False, "", "number of the null family"),
        p_value=(_FLOAT, False, "", "its family-wise p"),
    ),
    "calibration": _schema(
        kind=(_STRING, False, "", "kind of null family"),
        alpha=(_FLOAT, False, "", "level"),
        n=(_INT, False, "", "null families"),
        n_below=(_INT, False, "", "those with p at most alpha"),
        share=(_FLOAT, False, "", "the same as a share"),
        binomial_p=(_FLOAT, False, "", "chance of so many or more at exactly alpha"),
        passed=(_BOOL, False, "", "that chance is at least 0.025"),
    ),
    "slow_drivers": _schema(
        family=_FAMILY,
        ifo=_IFO,
        channel=_CHANNEL,
        band=_BAND,
        rho=(_FLOAT, True, "", "rank correlation of counts per minute with log RMS"),
        p_value=(_FLOAT, True, "", "two-sided, null if too short"),
        p_fwer=(_FLOAT, True, "", "the same, Bonferroni over the family's rows"),
        blocks=(_INT, False, "", "independent stretches of time"),
        correlation_min=(_INT, False, "min", "correlation time of the channel"),
        null=(_STRING, False, "", "shift (within segments) or segments (permuted)"),
        answer=(_STRING, False, "", "rises, falls, nothing found, or too short"),
    ),
    "scattering": _schema(
        family=_FAMILY,
        ifo=_IFO,
        channel=_CHANNEL,
        n_glitches=(_INT, False, "", "glitches with data"),
        matched=(_FLOAT, True, "", "share whose frequency a fringe meets within a factor of 1.2"),
        matched_slides=(_FLOAT, True, "", "the same for slid trains"),
        p_value=(_FLOAT, True, "", "mean mismatch as small by slides; null below eight glitches"),
        p_fwer=(_FLOAT, True, "", "the same, Bonferroni over the family's channels"),
    ),
    # The auxiliary channels of a detector.
    "channels": _schema(
        channel=(_STRING, False, "", "full name with the detector"),
        rate_hz=(_FLOAT, False, "Hz", "sample rate at the time of the run"),
        rate_note=(_STRING, False, "", "the list's sentence where the rate changes, else empty"),
        subsystem=(_STRING, False, "", "part of the detector, e.g. PEM"),
        unit=(_STRING, False, "", "unit of the samples, empty where the list says none"),
        kind=(_STRING, False, "", "raw, rms, trend or displacement"),
        oscillator=(_BOOL, False, "", "its value is a frequency that may cross another"),
        safety=(_STRING, False, "", "safe, unsafe or unknown"),
        safety_source=(_STRING, False, "", "who says so, empty where unknown"),
        safety_date=(_STRING, False, "", "when that held"),
    ),
    "channel_groups": _schema(
        channel=(_STRING, False, "", "full name with the detector"),
        rate_hz=(_FLOAT, False, "Hz", "sample rate at the time of the run"),
        rate_note=(_STRING, False, "", "the list's sentence where the rate changes, else empty"),
        subsystem=(_STRING, False, "", "part of the detector, e.g. PEM"),
        unit=(_STRING, False, "", "unit of the samples, empty where the list says none"),
        kind=(_STRING, False, "", "raw, rms, trend or displacement"),
        oscillator=(_BOOL, False, "", "its value is a frequency that may cross another"),
        safety=(_STRING, False, "", "safe, unsafe or unknown"),
        safety_source=(_STRING, False, "", "who says so, empty where unknown"),
        safety_date=(_STRING, False, "", "when that held"),
        ifo=_IFO,
        group=(_STRING, False, "", "group of correlated channels, called by its first"),
    ),
}


def empty(name: str) -> pd.DataFrame:
    """Give the table `name` without rows."""
    frame: pd.DataFrame = SCHEMAS[name].empty_table().to_pandas()
    return frame


def conform(name: str, frame: pd.DataFrame) -> pa.Table:
    """Fit `frame` to the schema `name`, or refuse it.

    Raises
    ------
    UserError
        When a column is missing, unknown, of the wrong type or null where the
        schema does not allow it.
    """
    schema = SCHEMAS[name]
    missing = [column for column in schema.names if column not in frame.columns]
    unknown = [column for column in frame.columns if column not in schema.names]
    if missing or unknown:
        raise UserError(
            f"table {name!r} does not fit: missing {missing or 'none'}, unknown {unknown or 'none'}"
        )
    try:
        table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as problem:
        raise UserError(f"table {name!r} does not fit: {problem}") from problem
    return table.replace_schema_metadata({"table": name})


def encode(name: str, frame: pd.DataFrame) -> bytes:
    """Give the Parquet bytes of `frame`: the same rows, the same bytes."""
    stream = io.BytesIO()
    pq.write_table(conform(name, frame), stream, compression="zstd", write_statistics=True)
    return stream.getvalue()


def write(name: str, frame: pd.DataFrame, path: str | Path, *, keep_same: bool = False) -> None:
    """Write `frame` as table `name`; see `files.write_bytes` for `keep_same`."""
    files.write_bytes(path, encode(name, frame), keep_same=keep_same)


def read(name: str, path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read table `name` from `path`, refusing a file that is another table.

    Raises
    ------
    UserError
        When the file is no Parquet file or does not have the schema's columns.
    """
    try:
        table = pq.read_table(path, columns=columns)
    except (pa.ArrowException, OSError) as problem:
        raise UserError(f"{path} cannot be read as table {name!r}: {problem}") from problem
    wanted = SCHEMAS[name].names if columns is None else columns
    missing = [column for column in wanted if column not in table.column_names]
    if missing:
        raise UserError(f"{path} is no table {name!r}: it has no column {', '.join(missing)}")
    frame: pd.DataFrame = table.select(wanted).to_pandas()
    return frame
