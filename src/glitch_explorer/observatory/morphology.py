"""The table of the simulated glitches: durations, frequencies, SNR and abundance of each class.

`duration_s` and `frequency_hz` are ranges, of the visible shape in a Q-scan and of the
frequency that characterises it (peak, line, or top of an arch; the shape's function says
which). `snr` is the range of the optimal signal-to-noise ratio of the whole shape, drawn
from a power law: a shape of several seconds needs a larger one to be visible. `share`
is relative abundance, `h1_share` the share of it in H1. `mimics` is how much a search for compact binaries
mistakes it for a signal (1 is ordinary).

Sources, by key:

characteristics
    The field guide's table of durations and frequency bands by class
    (Gravity Spy, O3/O4 characteristics).
field_guide
    Read from the field guide's example pictures of the class.
zevin2017, bahaadini2018, soni2021classes, glanzer2023
    Gravity Spy: Zevin et al. 2017, arXiv:1611.04596; Bahaadini et al. 2018,
    doi:10.1016/j.ins.2018.02.068; Soni et al. 2021, arXiv:2103.12104;
    Glanzer et al. 2023, doi:10.1088/1361-6382/acb633.
cabero2019
    Blips: Cabero et al. 2019, arXiv:1901.05093.
soni2021
    Scattered light, slow and fast: Soni et al. 2021, arXiv:2007.14876; Accadia et al. 2010,
    doi:10.1088/0264-9381/27/19/194011 for the fringe frequency.
nuttall2015
    Whistles and other O1 families: Nuttall et al. 2015, arXiv:1508.07316.
ours
    The shape without a class.
"""

from dataclasses import dataclass

#: The planted shape that no Gravity Spy class describes.
UNKNOWN = "Spin_Down"
#: The class of the two real-signal-like events.
EVENT = "Chirp"


@dataclass(frozen=True)
class Morphology:
    """One row of the table."""

    name: str
    duration_s: tuple[float, float]
    frequency_hz: tuple[float, float]
    snr: tuple[float, float]
    share: float
    h1_share: float
    mimics: float
    source: str


_TABLE = (
    ("1080Lines", (2.0, 4.0), (1075.0, 1085.0), (30, 90), 45, 0.7, 0.7, "characteristics, field_guide"),
    ("1400Ripples", (0.05, 0.15), (1390.0, 1420.0), (9, 25), 40, 0.3, 0.7, "characteristics, zevin2017"),
    ("Air_Compressor", (0.10, 0.25), (48.0, 51.0), (10, 35), 45, 0.8, 0.9, "characteristics, field_guide"),
    ("Blip", (0.002, 0.02), (90.0, 220.0), (9, 80), 120, 0.5, 1.3, "cabero2019, characteristics"),
    ("Blip_Low_Frequency", (0.03, 0.12), (34.0, 55.0), (9, 40), 60, 0.4, 1.1, "soni2021classes, field_guide"),
    ("Extremely_Loud", (0.3, 3.0), (20.0, 1000.0), (500, 6000), 30, 0.5, 0.4, "zevin2017, field_guide"),
    ("Fast_Scattering", (1.0, 4.0), (28.0, 60.0), (20, 120), 90, 0.3, 0.9, "soni2021"),
    ("Helix", (0.1, 0.8), (50.0, 260.0), (18, 60), 35, 0.3, 1.0, "characteristics, field_guide"),
    ("Koi_Fish", (0.1, 0.6), (50.0, 110.0), (70, 500), 80, 0.6, 1.1, "zevin2017, field_guide"),
    ("Light_Modulation", (0.2, 1.2), (30.0, 1200.0), (40, 250), 40, 0.9, 0.7, "field_guide, zevin2017"),
    ("Low_Frequency_Burst", (0.2, 1.0), (10.0, 24.0), (12, 90), 70, 0.5, 0.8, "zevin2017, characteristics"),
    ("Low_Frequency_Lines", (1.5, 6.0), (10.5, 20.0), (14, 40), 50, 0.5, 0.8, "zevin2017, field_guide"),
    ("Paired_Doves", (1.5, 3.5), (35.0, 130.0), (16, 90), 35, 0.8, 1.0, "characteristics, field_guide"),
    ("Power_Line", (0.2, 0.5), (59.5, 60.5), (10, 40), 50, 0.5, 0.9, "characteristics, field_guide"),
    ("Repeating_Blips", (0.25, 2.0), (100.0, 300.0), (24, 120), 40, 0.5, 1.2, "characteristics, cabero2019"),
    ("Scattered_Light", (1.5, 4.5), (18.0, 50.0), (20, 150), 90, 0.5, 0.9, "soni2021"),
    ("Scratchy", (1.0, 4.0), (110.0, 240.0), (22, 70), 50, 0.6, 0.8, "zevin2017, field_guide"),
    ("Tomte", (0.05, 0.25), (40.0, 75.0), (14, 90), 80, 0.3, 1.2, "zevin2017, characteristics"),
    ("Violin_Mode", (0.1, 1.5), (498.0, 517.0), (22, 80), 35, 0.5, 0.7, "characteristics, field_guide"),
    ("Wandering_Line", (2.0, 4.0), (560.0, 980.0), (45, 120), 30, 0.6, 0.7, "zevin2017, field_guide"),
    ("Whistle", (0.1, 0.8), (220.0, 600.0), (25, 120), 60, 0.4, 0.7, "nuttall2015, field_guide"),
    (UNKNOWN, (1.5, 3.0), (180.0, 340.0), (35, 110), 0, 0.5, 0.9, "ours"),
)

MORPHOLOGIES: dict[str, Morphology] = {row[0]: Morphology(*row) for row in _TABLE}
#: The classes that are planted with a label.
CLASSES: tuple[str, ...] = tuple(name for name in MORPHOLOGIES if name != UNKNOWN)
