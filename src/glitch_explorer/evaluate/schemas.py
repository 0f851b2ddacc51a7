"""Tables of the evaluation of encoders."""

from glitch_explorer.core.schema import BOOL, INT, STRING, Column, number, schema

#: `evaluate/evaluation.parquet`: encoders on labelled pictures (`snakemake evaluate_encoder`).
EVALUATION = schema(
    "evaluation",
    pictures=Column(STRING, "folder that the pictures come from"),
    encoder=Column(STRING, "backbone and weights"),
    draw=Column(INT, "seed of untrained weights, 0 for others"),
    types=Column(STRING, "catalogue: the 22 classes of the catalogues; outside: all others"),
    view=Column(STRING, "view length in seconds, any (each view against all views), or fused"),
    n=Column(INT, "number of query glitches"),
    n_classes=Column(INT, "number of their classes"),
    accuracy=number("share whose nearest other glitch has the same class"),
    accuracy_low=number("lower end of its 95 % Wilson interval"),
    accuracy_high=number("upper end of its 95 % Wilson interval"),
    mrr=number("mean reciprocal rank of the nearest of the same class"),
    mrr_low=number("lower end of its 95 % bootstrap interval over glitches"),
    mrr_high=number("upper end of its 95 % bootstrap interval"),
    chance=number("accuracy of a random neighbour"),
    p_value=number("share of random labellings with as high an accuracy"),
    errors=Column(INT, "rows whose nearest neighbour has another class"),
    confusable=number("share of the errors on pairs that experts confuse"),
    confusable_chance=number("the same share for random errors"),
)

#: `evaluate/confusion.parquet`: the classes of glitches and of their nearest neighbours (`snakemake
#: evaluate_encoder`).
CONFUSION = schema(
    "confusion",
    pictures=Column(STRING, "folder that the pictures come from"),
    encoder=Column(STRING, "backbone and weights"),
    draw=Column(INT, "seed of untrained weights, 0 for others"),
    label=Column(STRING, "class of the query glitch"),
    nearest=Column(STRING, "class of its nearest other glitch, with fused views"),
    n=Column(INT, "glitches"),
    confusable_pair=Column(BOOL, "experts confuse the two classes"),
)
