"""Tables of the audit."""

from glitch_explorer.core.schema import BOOL, FAMILY, FLOAT, ID, INT, LABEL, STRING, VIEW, column, schema

#: `audit/families.parquet`: the labels in each family, its stability and its medoid.
AUDIT_FAMILIES = schema(
    "audit_families",
    family=FAMILY,
    n=column(INT, "members"),
    n_labelled=column(INT, "labelled members"),
    plurality_label=LABEL,
    purity=column(FLOAT, "largest label share", nullable=True),
    ambiguity_score=column(FLOAT, "(1 - purity) * n_labelled", nullable=True),
    label_entropy_bits=column(FLOAT, "H(label | family)", unit="bit", nullable=True),
    stability=column(FLOAT, "mean best Jaccard overlap over reruns"),
    stability_low=column(FLOAT, "lower end of its 95 % interval"),
    stability_high=column(FLOAT, "upper end of its 95 % interval"),
    medoid=column(STRING, "glitch_id of the most central member"),
)

#: `audit/labels.parquet`: the families of each label.
LABELS = schema(
    "labels",
    label=column(STRING, "class name"),
    n=column(INT, "glitches with this label"),
    family_entropy_bits=column(FLOAT, "H(family | label)", unit="bit"),
    n_families=column(INT, "families with any of them"),
    share_unassigned=column(FLOAT, "share of unassigned glitches"),
)

#: `audit/suspects.parquet`: labels that the neighbours contradict, the most suspect first.
SUSPECTS = schema(
    "suspects",
    glitch_id=ID,
    view=VIEW,
    family=FAMILY,
    label=column(STRING, "label in the catalogue"),
    proposed_label=column(STRING, "most probable label by the neighbours"),
    evidence=column(FLOAT, "1 - label quality (cleanlab), 0 to 1, high is suspect"),
    issue=column(BOOL, "confident learning counts it as a label error"),
    confusable_pair=column(BOOL, "experts confuse the two classes"),
)

#: `audit/gradients.parquet`: labels along the principal axis of each family, one row per section of the
#: axis.
GRADIENTS = schema(
    "gradients",
    family=FAMILY,
    segment=column(INT, "number of the section along the family's principal axis"),
    position_low=column(FLOAT, "position at which the section begins, 0 to 1"),
    position_high=column(FLOAT, "position at which it ends"),
    n=column(INT, "members in it"),
    n_labelled=column(INT, "labelled members"),
    plurality_label=LABEL,
    consistency=column(FLOAT, "share of its most frequent label", nullable=True),
    consistency_low=column(FLOAT, "lower end of its Wilson interval", nullable=True),
    consistency_high=column(FLOAT, "upper end of its Wilson interval", nullable=True),
    gradient=column(BOOL, "the labels change along the family's axis"),
)

#: `audit/positions.parquet`: the position of each glitch along the axis of its family.
POSITIONS = schema(
    "positions",
    glitch_id=ID,
    view=VIEW,
    family=FAMILY,
    segment=column(INT, "section of the family's axis"),
    position=column(FLOAT, "rank along the family's principal axis, 0 to 1"),
)

#: `audit/relabel.parquet`: labels proposed by both the neighbours and the axis.
RELABEL = schema(
    "relabel",
    glitch_id=ID,
    view=VIEW,
    family=FAMILY,
    segment=column(INT, "section of the family's axis"),
    label=LABEL,
    proposed_label=column(STRING, "label proposed"),
    n_labelled=column(INT, "labelled members of the section"),
    consistency=column(FLOAT, "share of them with the proposed label"),
    consistency_low=column(FLOAT, "lower end of its Wilson interval"),
    consistency_high=column(FLOAT, "upper end of its Wilson interval"),
    vote=column(FLOAT, "probability of the proposed label by the neighbours"),
    vote_given=column(FLOAT, "probability of the given label by the neighbours", nullable=True),
)

#: `audit/leakage.parquet`: the leakage gate, one row per variable.
LEAKAGE = schema(
    "leakage",
    variable=column(STRING, "variable that may leak into the families"),
    mutual_information_bits=column(FLOAT, "I(family; variable | label)", unit="bit"),
    normalised=column(FLOAT, "excess over the mean of the null, per bit of H(variable | label)"),
    p_value=column(FLOAT, "share of within-label permutations at least as high"),
    gated=column(BOOL, "whether this variable can stop the run"),
    failed=column(BOOL, "whether it does"),
)

#: `audit/probe.parquet`: whether the vectors of a family identify the detector.
PROBE = schema(
    "probe",
    family=FAMILY,
    detectors=column(STRING, "the two detectors; high scores mean the second"),
    n_first=column(INT, "members of the first detector in the test"),
    n_second=column(INT, "members of the second detector in the test"),
    n_blocks=column(INT, "blocks of time; no block is in two folds"),
    auc=column(FLOAT, "area under the ROC curve on held-out blocks, 0.5 is no information"),
    auc_low=column(FLOAT, "lower end of its 95 % interval, resampled by block"),
    auc_high=column(FLOAT, "upper end of its 95 % interval"),
    p_value=column(FLOAT, "share of permutations within blocks with as high an AUC"),
)
