"""What other programs read."""

import pyarrow as pa

from glitch_explorer.core.schema import BOOL, FAMILY, FLOAT, ID, IFO, LABEL, STRING, VIEW, schema

#: Neighbours as embedding-atlas reads them: rows of the table from 0, and their distances.
NEIGHBOURS = pa.struct(
    [
        pa.field("ids", pa.list_(pa.int64())),
        pa.field("distances", pa.list_(pa.float64())),
    ]
)

TABLES: dict[str, pa.Schema] = {
    # The map for embedding-atlas (`snakemake export_embedding_atlas`).
    "embedding_atlas": schema(
        glitch_id=ID,
        view=VIEW,
        x=(FLOAT, False, "", "first UMAP coordinate"),
        y=(FLOAT, False, "", "second UMAP coordinate"),
        ifo=IFO,
        event_time=(FLOAT, True, "s", "GPS time of the event"),
        duration_s=(FLOAT, True, "s", "duration that the trigger generator gave"),
        peak_frequency_hz=(FLOAT, True, "Hz", "frequency of the loudest tile"),
        snr=(FLOAT, True, "", "signal-to-noise ratio of the trigger"),
        label=LABEL,
        run=(STRING, True, "", "observing run"),
        family=FAMILY,
        probability=(FLOAT, False, "", "HDBSCAN membership probability"),
        isolation=(FLOAT, False, "", "mean cosine distance to its neighbours over its family's median"),
        evidence=(FLOAT, True, "", "1 - label quality (cleanlab), 0 to 1, high is suspect"),
        suspect=(BOOL, False, "", "confident learning counts its label as an error"),
        neighbours=(
            NEIGHBOURS,
            False,
            "",
            "rows of the nearest glitches, from 0, and their cosine distances",
        ),
    ),
}
