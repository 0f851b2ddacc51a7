"""Colours that colour-blind readers can tell apart, with a shape beside each."""

#: Okabe & Ito (2008), without black and yellow, which vanish on dark or light pages.
COLOURS: tuple[str, ...] = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
#: Marker shapes, in Plotly's and in Matplotlib's words.
SHAPES: tuple[tuple[str, str], ...] = (
    ("circle", "o"),
    ("diamond", "D"),
    ("triangle-up", "^"),
    ("square", "s"),
    ("x", "X"),
)


def look(number: int) -> tuple[str, str, str]:
    """Return colour and the two names of the shape of category `number`; they repeat after 30."""
    shape = SHAPES[number // len(COLOURS) % len(SHAPES)]
    return COLOURS[number % len(COLOURS)], *shape
