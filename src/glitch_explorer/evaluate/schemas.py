"""Tables of the evaluation of encoders."""

from glitch_explorer.core.schema import BOOL, FLOAT, INT, STRING, column, schema

#: `evaluate/evaluation.parquet`: encoders on labelled pictures (`snakemake evaluate_encoder`).
EVALUATION = schema(
    "evaluation",
    pictures=column(STRING, "folder that the pictures come from"),
    encoder=column(STRING, "backbone and weights"),
    draw=column(INT, "seed of untrained weights, 0 for others"),
    types=column(STRING, "catalogue: the 22 types; outside: other types and rest classes"),
    view=column(STRING, "view length in seconds, any (each view against all views), or fused"),
    n=column(INT, "number of query glitches"),
    n_classes=column(INT, "number of their classes"),
    accuracy=column(FLOAT, "share whose nearest other glitch has the same class", nullable=True),
    accuracy_low=column(FLOAT, "lower end of its 95 % Wilson interval", nullable=True),
    accuracy_high=column(FLOAT, "upper end of its 95 % Wilson interval", nullable=True),
    mrr=column(FLOAT, "mean reciprocal rank of the nearest of the same class", nullable=True),
    mrr_low=column(FLOAT, "lower end of its 95 % bootstrap interval over glitches", nullable=True),
    mrr_high=column(FLOAT, "upper end of its 95 % bootstrap interval", nullable=True),
    chance=column(FLOAT, "accuracy of a random neighbour", nullable=True),
    p_value=column(FLOAT, "share of random labellings with as high an accuracy", nullable=True),
    errors=column(INT, "rows whose nearest neighbour has another class"),
    confusable=column(FLOAT, "share of the errors on pairs that experts confuse", nullable=True),
    confusable_chance=column(FLOAT, "the same share for random errors", nullable=True),
)

#: `evaluate/confusion.parquet`: the classes of glitches and of their nearest neighbours (`snakemake
#: evaluate_encoder`).
CONFUSION = schema(
    "confusion",
    pictures=column(STRING, "folder that the pictures come from"),
    encoder=column(STRING, "backbone and weights"),
    draw=column(INT, "seed of untrained weights, 0 for others"),
    label=column(STRING, "class of the query glitch"),
    nearest=column(STRING, "class of its nearest other glitch, with fused views"),
    n=column(INT, "glitches"),
    confusable_pair=column(BOOL, "experts confuse the two classes"),
)
