"""Gravity Spy's classes, and their spellings in catalogues, field guide and folders."""

import re
from functools import cache
from pathlib import Path

from glitch_explorer.core import tables

#: Classes of the catalogues up to O3 (Zevin 2017; Glanzer 2023), as the CSV files spell them.
CATALOGUE_CLASSES: tuple[str, ...] = (
    "1080Lines", "1400Ripples", "Air_Compressor", "Blip", "Blip_Low_Frequency", "Chirp",
    "Extremely_Loud", "Fast_Scattering", "Helix", "Koi_Fish", "Light_Modulation",
    "Low_Frequency_Burst", "Low_Frequency_Lines", "No_Glitch", "None_of_the_Above", "Paired_Doves",
    "Power_Line", "Repeating_Blips", "Scattered_Light", "Scratchy", "Tomte", "Violin_Mode",
    "Wandering_Line", "Whistle",
)  # fmt: skip
#: Classes of the field guide and the volunteers only.
GUIDE_CLASSES: tuple[str, ...] = ("70Hz_Line", "High_Frequency_Burst", "Pizzicato")
#: All classes, in the catalogue's spelling.
CLASSES: tuple[str, ...] = CATALOGUE_CLASSES + GUIDE_CLASSES

#: The label of a glitch that belongs to no class.
NO_CLASS = "None_of_the_Above"

#: Other names of a class; case, blanks, plurals, `freq` and text in brackets are ignored.
ALIASES: dict[str, str] = {
    "1080": "1080Lines",
    "1400": "1400Ripples",
    "70 Hz": "70Hz_Line",
    "Air Compressor 50 Hz": "Air_Compressor",
    "Low Frequency Blip": "Blip_Low_Frequency",
    "Crown": "Fast_Scattering",
    "NOA": "None_of_the_Above",
    "None": "None_of_the_Above",
    "Power": "Power_Line",
    "Power Line 60 Hz": "Power_Line",
    "Scattering": "Scattered_Light",
    "Violin": "Violin_Mode",
    "Violin Mode Harmonic": "Violin_Mode",
}


def _key(name: str) -> str:
    """Return what all spellings of a name have in common."""
    plain = re.sub(r"\(.*?\)", "", name.casefold())
    plain = re.sub(r"[^a-z0-9]", "", plain)
    return re.sub(r"freq(?!uency)", "frequency", plain).removesuffix("s")


_BY_KEY = {_key(name): name for name in CLASSES} | {_key(alias): name for alias, name in ALIASES.items()}


@cache
def canonical_class(name: str) -> str | None:
    """Return the catalogue's spelling of a class; None for any other name.

    Knows the names of the catalogues, the field guide ("Power Line (60 Hz)"), the
    volunteers ("70HZLINE") and folders ("HighFreqBurst").
    """
    return _BY_KEY.get(_key(name))


def known_label(label: str) -> str:
    """Return a label in the catalogue's spelling if it is a class, else unchanged."""
    return canonical_class(label) or label


def confusable_pairs(path: str | Path) -> set[frozenset[str]]:
    """Read the pairs of classes that experts call confusable.

    Parameters
    ----------
    path
        CSV file with the columns `class_a` and `class_b`; any line ends.

    Raises
    ------
    UserError
        When the file cannot be read, or a column is missing.
    """
    columns = ("class_a", "class_b")
    frame = tables.read_csv(path, texts=columns, required=columns)
    return {
        frozenset((known_label(a), known_label(b)))
        for a, b in zip(frame["class_a"], frame["class_b"], strict=True)
    }
