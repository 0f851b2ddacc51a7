"""Tables for other programs."""

import pyarrow as pa

from glitch_explorer.core.schema import (
    BOOL,
    FAMILY,
    FLOAT,
    ID,
    IFO,
    LABEL,
    STRING,
    VIEW,
    Column,
    number,
    schema,
)

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
    x=Column(FLOAT, "first UMAP coordinate"),
    y=Column(FLOAT, "second UMAP coordinate"),
    ifo=IFO,
    event_time=number("GPS time of the event", unit="s"),
    duration_s=number("duration that the trigger generator gave", unit="s"),
    peak_frequency_hz=number("frequency of the loudest tile", unit="Hz"),
    snr=number("signal-to-noise ratio of the trigger"),
    label=LABEL,
    run=Column(STRING, "observing run", nullable=True),
    family=FAMILY,
    probability=Column(FLOAT, "HDBSCAN membership probability"),
    isolation=Column(FLOAT, "mean cosine distance to its neighbours, over the median of its family"),
    evidence=number("1 - label quality (cleanlab), 0 to 1, high is suspect"),
    suspect=Column(BOOL, "whether confident learning counts its label as an error"),
    neighbours=Column(NEIGHBOURS, "row numbers of the nearest glitches, from 0, and their cosine distances"),
)
