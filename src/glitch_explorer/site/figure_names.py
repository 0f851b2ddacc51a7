"""The figures' file names, and what each shows."""

#: Name of each figure (a PNG) and a line about it.
FIGURES: dict[str, str] = {
    "umap_family": "The map by family: grey glitches are in none",
    "umap_label": "The map by label: where colours mix, label and morphology disagree",
    "ambiguity": "Families by ambiguity, (1 − purity) · n",
    "entropy": "Over-splitting is read on the family, over-compression on the label",
    "contact_sheet": "The most ambiguous family by label",
    "gradient": "Labels along a family's axis, with 95 % Wilson intervals",
    "intensity": "The largest families along their axis and in order of energy",
    "leakage": "What the families know beside the label; the gate is on how glitches were pictured",
}
