"""Tables for other programs."""

import pyarrow as pa

from glitch_explorer.core.schema import BOOL, FAMILY, FLOAT, ID, IFO, LABEL, STRING, VIEW, column, schema

#: Neighbours as embedding-atlas reads them: rows of the table from 0, and their distances.
NEIGHBOURS = pa.struct(
    [
        pa.field("ids", pa.list_(pa.int64())),
        pa.field("distances", pa.list_(pa.float64())),
    ]
)

#: `export/embedding_atlas.parquet`: the map for [embedding-atlas](../how-to/embedding-atlas.md)
#: (`snakemake export_embedding_atlas`).
EMBEDDING_ATLAS = schema(
    "embedding_atlas",
    glitch_id=ID,
    view=VIEW,
    x=column(FLOAT, "first UMAP coordinate"),
    y=column(FLOAT, "second UMAP coordinate"),
    ifo=IFO,
    event_time=column(FLOAT, "GPS time of the event", unit="s", nullable=True),
    duration_s=column(FLOAT, "duration that the trigger generator gave", unit="s", nullable=True),
    peak_frequency_hz=column(FLOAT, "frequency of the loudest tile", unit="Hz", nullable=True),
    snr=column(FLOAT, "signal-to-noise ratio of the trigger", nullable=True),
    label=LABEL,
    run=column(STRING, "observing run", nullable=True),
    family=FAMILY,
    probability=column(FLOAT, "HDBSCAN membership probability"),
    isolation=column(FLOAT, "mean cosine distance to its neighbours, over the median of its family"),
    evidence=column(FLOAT, "1 - label quality (cleanlab), 0 to 1, high is suspect", nullable=True),
    suspect=column(BOOL, "whether confident learning counts its label as an error"),
    neighbours=column(NEIGHBOURS, "row numbers of the nearest glitches, from 0, and their cosine distances"),
)
