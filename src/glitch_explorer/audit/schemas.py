"""Tables of the audit."""

from glitch_explorer.core.schema import (
    BOOL,
    FAMILY,
    FLOAT,
    ID,
    INT,
    LABEL,
    STRING,
    VIEW,
    Column,
    number,
    schema,
)

#: `label_state` of a family: whether its labels name it.
LABELLED, MIXED, UNLABELLED = "labelled", "mixed", "unlabelled"
#: `possible_new_class` of a family: why it may be a class that has no label yet.
WITHOUT_LABEL, MISFIT = "without_label", "misfit"
#: The leakage gate fails below this p-value ...
P_LIMIT = 0.01
#: ... and above this normalised value.
NORMALISED_LIMIT = 0.05
#: Members that each of two detectors must have for the probe of a family.
LEAST = 20
#: Blocks of time that they must share: with 8 there are 128 different permutations.
LEAST_BLOCKS = 8
#: `reason` of a family whose detectors share fewer blocks.
FEW_BLOCKS = "few_blocks"

#: `audit/families.parquet`: the labels in each family, its name, its stability and its medoid.
AUDIT_FAMILIES = schema(
    "audit_families",
    family=FAMILY,
    n=Column(INT, "members"),
    n_labelled=Column(INT, "labelled members"),
    n_classified=Column(INT, "members whose label names a class; None_of_the_Above does not"),
    name=Column(
        STRING,
        "class that names the family, null where it is not labelled; without a map, its name in the config "
        "or the file",
        nullable=True,
    ),
    label_state=Column(
        STRING,
        "labelled: at least half of the members have a class, and one surely more than half of these; "
        "unlabelled: fewer have a class; mixed: else",
    ),
    possible_new_class=Column(
        STRING,
        "why it may be a new class: without_label (its members surely have no class, although "
        "most other glitches of their detectors and runs have one) or misfit (its members surely do not fit "
        "the families of their labels); else empty",
    ),
    plurality_label=LABEL,
    purity=number("largest label share"),
    ambiguity_score=number("(1 - purity) * n_labelled"),
    label_entropy_bits=number("H(label | family)", unit="bit"),
    stability=number("mean best Jaccard overlap over reruns, null without a map"),
    stability_low=number("lower end of its 95 % interval"),
    stability_high=number("upper end of its 95 % interval"),
    medoid=Column(STRING, "glitch_id of the most central member, null without a map", nullable=True),
)

#: `audit/compared_families.parquet`: glitches that a family shares with each family of `families.compare`.
COMPARED = schema(
    "compared_families",
    family=FAMILY,
    other=Column(STRING, "family of the file, -1 where the glitches are in none"),
    n=Column(INT, "glitches in both"),
    share_of_family=Column(FLOAT, "their share of the family"),
    share_of_other=Column(FLOAT, "their share of the other family"),
    jaccard=Column(FLOAT, "their share of the glitches in either"),
)

#: `audit/nearest_families.parquet`: the labelled families nearest to each family without a name.
NEAREST_FAMILIES = schema(
    "nearest_families",
    family=FAMILY,
    rank=Column(INT, "1 is the nearest"),
    known_family=Column(STRING, "id of a labelled family"),
    name=Column(STRING, "its name"),
    distance=Column(FLOAT, "mean cosine distance of a member to its three nearest there, median of members"),
    distance_within=Column(FLOAT, "the same to its three nearest in its own family"),
    fitting=Column(FLOAT, "share of members that the conformal test (p > 0.05) admits to the known family"),
)

#: `audit/labels.parquet`: the families of each label.
LABELS = schema(
    "labels",
    label=Column(STRING, "class name"),
    n=Column(INT, "glitches with this label"),
    family_entropy_bits=Column(FLOAT, "H(family | label)", unit="bit"),
    n_families=Column(INT, "families with any of them"),
    share_unassigned=Column(FLOAT, "share of unassigned glitches"),
)

#: `audit/suspects.parquet`: labels that the neighbours contradict, the most suspect first.
SUSPECTS = schema(
    "suspects",
    glitch_id=ID,
    view=VIEW,
    family=FAMILY,
    label=Column(STRING, "label in the catalogue"),
    proposed_label=Column(STRING, "most probable label by the neighbours"),
    evidence=Column(FLOAT, "1 - label quality (cleanlab), 0 to 1, high is suspect"),
    issue=Column(BOOL, "confident learning counts it as a label error"),
    confusable_pair=Column(BOOL, "experts confuse the two classes"),
)

#: `audit/gradients.parquet`: labels along the principal axis of each family, one row per section of the
#: axis.
GRADIENTS = schema(
    "gradients",
    family=FAMILY,
    segment=Column(INT, "number of the section along the family's principal axis"),
    position_low=Column(FLOAT, "position at which the section begins, 0 to 1"),
    position_high=Column(FLOAT, "position at which it ends"),
    n=Column(INT, "members in it"),
    n_labelled=Column(INT, "labelled members"),
    plurality_label=LABEL,
    consistency=number("share of its most frequent label"),
    consistency_low=number("lower end of its Wilson interval"),
    consistency_high=number("upper end of its Wilson interval"),
    gradient=Column(BOOL, "the labels change along the family's axis"),
)

#: `audit/positions.parquet`: the position of each glitch along the axis of its family.
POSITIONS = schema(
    "positions",
    glitch_id=ID,
    view=VIEW,
    family=FAMILY,
    segment=Column(INT, "section of the family's axis"),
    position=Column(FLOAT, "rank along the family's principal axis, 0 to 1"),
)

#: `audit/relabel.parquet`: labels proposed by both the neighbours and the axis.
RELABEL = schema(
    "relabel",
    glitch_id=ID,
    view=VIEW,
    family=FAMILY,
    segment=Column(INT, "section of the family's axis"),
    label=LABEL,
    proposed_label=Column(STRING, "label proposed"),
    n_labelled=Column(INT, "labelled members of the section"),
    consistency=Column(FLOAT, "share of them with the proposed label"),
    consistency_low=Column(FLOAT, "lower end of its Wilson interval"),
    consistency_high=Column(FLOAT, "upper end of its Wilson interval"),
    vote=Column(FLOAT, "probability of the proposed label by the neighbours"),
    vote_given=number("probability of the given label by the neighbours"),
)

#: `audit/leakage.parquet`: the leakage gate, one row per variable.
LEAKAGE = schema(
    "leakage",
    variable=Column(STRING, "variable that may leak into the families"),
    mutual_information_bits=Column(FLOAT, "I(family; variable | label)", unit="bit"),
    normalised=Column(FLOAT, "excess over the mean of the null, per bit of H(variable | label)"),
    p_value=Column(FLOAT, "share of within-label permutations at least as high"),
    gated=Column(BOOL, "whether this variable can stop the run"),
    failed=Column(BOOL, "whether it does"),
)

#: `audit/probe.parquet`: whether the vectors of a family identify the detector.
PROBE = schema(
    "probe",
    family=FAMILY,
    detectors=Column(STRING, "the two detectors; high scores mean the second"),
    n_first=Column(INT, "members of the first detector in the test"),
    n_second=Column(INT, "members of the second detector in the test"),
    n_blocks=Column(INT, "blocks of time with members of both detectors; no block is in two folds"),
    auc=number("area under the ROC curve within held-out blocks, 0.5 is no information"),
    auc_low=number("lower end of its 95 % interval, from the permutations"),
    auc_high=number("upper end of its 95 % interval"),
    p_value=number("share of permutations with as high an AUC; each exchanges the detectors of whole blocks"),
    reason=Column(STRING, "few_blocks: the detectors share too few blocks to tell; else empty"),
)
