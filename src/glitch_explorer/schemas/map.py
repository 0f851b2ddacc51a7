"""The map, its families, and what is looked up on it."""

import pyarrow as pa

from glitch_explorer.core.schema import BOOL, FAMILY, FLOAT, ID, IFO, INT, LABEL, STRING, VIEW, schema

TABLES: dict[str, pa.Schema] = {
    # The rows of the map, in the order of every array and table of it.
    "map_rows": schema(
        glitch_id=ID,
        view=VIEW,
        representative=(
            INT,
            False,
            "",
            "first row with the same vector; that one is mapped, this copies it",
        ),
    ),
    "coordinates": schema(
        glitch_id=ID,
        view=VIEW,
        x=(FLOAT, False, "", "first UMAP coordinate"),
        y=(FLOAT, False, "", "second UMAP coordinate"),
    ),
    "families": schema(
        glitch_id=ID,
        view=VIEW,
        family=FAMILY,
        probability=(FLOAT, False, "", "HDBSCAN membership probability"),
        outlier_score=(FLOAT, False, "", "GLOSH outlier score, in the layout"),
        isolation=(FLOAT, False, "", "mean cosine distance to its neighbours over its family's median"),
    ),
    "family_ids": schema(
        family=FAMILY,
        n=(INT, False, "", "rows in it"),
        new=(BOOL, False, "", "no family of the reference map stands behind it"),
        overlap=(FLOAT, True, "", "Jaccard overlap with the reference family of this id"),
    ),
    "placed": schema(
        glitch_id=ID,
        view=VIEW,
        x=(FLOAT, False, "", "first UMAP coordinate"),
        y=(FLOAT, False, "", "second UMAP coordinate"),
        family=FAMILY,
        probability=(FLOAT, False, "", "the family's share of the neighbours' weight, 0 where unassigned"),
        fits=(BOOL, False, "", "it lies no farther out than members of its family do"),
        p_value=(FLOAT, False, "", "share of the family's members at least as far from their neighbours"),
        nearest_id=(STRING, False, "", "nearest glitch of the map"),
        nearest_family=(STRING, False, "", "its family, -1 where unassigned"),
        distance=(FLOAT, False, "", "cosine distance to it"),
    ),
    # The nearest glitches of every glitch of the map.
    "neighbours": schema(
        glitch_id=ID,
        view=VIEW,
        rank=(INT, False, "", "1 is the nearest"),
        neighbour_id=(STRING, False, "", "glitch that is near"),
        neighbour_view=(STRING, False, "", "its view, empty where the four views are fused"),
        distance=(FLOAT, False, "", "cosine distance over the views that both have"),
    ),
    # The answer to a query, as CSV.
    "similar": schema(
        query=(STRING, False, "", "what was asked for"),
        query_id=(STRING, True, "", "glitch of the map that it is, null for a picture or another moment"),
        rank=(INT, False, "", "1 is the nearest"),
        distance=(FLOAT, False, "", "cosine distance over the views that both have"),
        glitch_id=ID,
        view=VIEW,
        ifo=IFO,
        event_time=(FLOAT, True, "s", "GPS time of the event"),
        family=FAMILY,
        label=LABEL,
        suspect=(BOOL, False, "", "confident learning counts its label as an error"),
    ),
    "members": schema(
        kind=(STRING, False, "", "glitch or quiet"),
        glitch_id=(STRING, False, "", "the glitch; empty for quiet time"),
        view=VIEW,
        ifo=IFO,
        event_time=(FLOAT, True, "s", "GPS time of the glitch, or where the quiet stretch starts"),
        duration_s=(FLOAT, True, "s", "duration of the glitch, or length of the quiet stretch"),
        peak_frequency_hz=(FLOAT, True, "Hz", "frequency at the peak of the glitch"),
        snr=(FLOAT, True, "", "signal-to-noise ratio of the glitch"),
    ),
    "stability": schema(
        family=FAMILY,
        stability=(FLOAT, False, "", "mean best Jaccard over re-runs"),
        stability_low=(FLOAT, False, "", "lower end of its 95 % interval"),
        stability_high=(FLOAT, False, "", "upper end of its 95 % interval"),
        n_runs=(INT, False, "", "number of re-runs"),
    ),
    "quality": schema(
        metric=(STRING, False, "", "name of the measure"),
        value=(FLOAT, False, "", "its value"),
        n=(INT, False, "", "number of glitches it was measured on"),
    ),
}
