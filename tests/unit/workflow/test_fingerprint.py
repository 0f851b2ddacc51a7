"""A change of code changes the fingerprints of the jobs that reach it, and no others."""

from pathlib import Path

import pytest

from glitch_explorer.workflow.fingerprint import Fingerprints, digest

PACKAGE = {
    "__init__.py": "",
    "shapes.py": '''
"""Shapes."""
import math

SIDES = 4
COLOURS = {"a": 1}

def area(r):
    """Area."""
    return math.pi * r * helper(r)

def helper(r):
    return r * SIDES

def unused(r):
    return r
''',
    "words.py": """
from glitch_explorer.shapes import helper

_LOG = None
TABLE = schema("sides", n=Column(INT, "number of sides", unit="m"), r=number("radius", unit="m"))

def check(n):
    _LOG.info("checking %d", n)
    if n < 3:
        raise ValueError(f"{helper(n)} is too few", Reason.FEW)
    return "enough"
""",
    "deep/__init__.py": "from glitch_explorer.deep.core import solve\n",
    "deep/core.py": "from glitch_explorer import shapes\n\ndef solve(x):\n    return shapes.area(x)\n",
}
SCRIPTS = {
    "one": "from glitch_explorer.shapes import area\nprint(area(2))\n",
    "two": "from glitch_explorer.deep import solve\nprint(solve(2))\n",
    "three": "from glitch_explorer.shapes import COLOURS\nprint(COLOURS)\n",
    "five": "from glitch_explorer.words import TABLE, check\nprint(check(len(TABLE)))\n",
    "four": "def main():\n    from glitch_explorer import shapes as s\n    return vars(s)\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in PACKAGE.items():
        path = tmp_path / "src" / "glitch_explorer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "scripts").mkdir()
    for name, text in SCRIPTS.items():
        (tmp_path / "scripts" / f"{name}.py").write_text(text)
    return tmp_path


def prints(tree: Path) -> dict[str, str]:
    made = Fingerprints(tree / "scripts", tree / "src")
    return {name: made(name) for name in SCRIPTS}


def changed(tree: Path, name: str, old: str, new: str) -> set[str]:
    before = prints(tree)
    path = tree / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    after = prints(tree)
    return {script for script in SCRIPTS if before[script] != after[script]}


SHAPES, WORDS = "src/glitch_explorer/shapes.py", "src/glitch_explorer/words.py"


@pytest.mark.parametrize(
    ("name", "old", "new", "scripts"),
    [
        (SHAPES, "r * SIDES", "r + SIDES", {"one", "two", "four"}),
        (SHAPES, "SIDES = 4", "SIDES = 5", {"one", "two", "four"}),
        (SHAPES, '{"a": 1}', '{"a": 2}', {"three", "four"}),
        (SHAPES, "    return r\n", "    return 2 * r\n", {"four"}),
        (SHAPES, '"""Area."""', '"""The area of a disc."""', set()),
        (SHAPES, "import math\n", "import math  # a comment\n\n\n", set()),
        (SHAPES, "SIDES = 4", "SIDES = 4\nprint('on import')", {"one", "two", "three", "four"}),
        ("src/glitch_explorer/deep/core.py", "shapes.area(x)", "shapes.area(-x)", {"two"}),
        (WORDS, "number of sides", "how many sides", set()),
        (WORDS, '"m"', '"km"', set()),
        (WORDS, '"radius"', '"length"', set()),
        (WORDS, "Column(INT", "Column(FLOAT", {"five"}),
        (WORDS, "is too few", "are too few", set()),
        (WORDS, "checking", "looking at", set()),
        (WORDS, "Reason.FEW", "Reason.MANY", {"five"}),
        (WORDS, '"enough"', '"plenty"', {"five"}),
        ("scripts/one.py", "area(2)", "area(3)", {"one"}),
    ],
)
def test_only_what_reaches_a_change_is_changed(tree, name, old, new, scripts):
    assert changed(tree, name, old, new) == scripts


def test_places_follow_names_through_packages(tree):
    places = Fingerprints(tree / "scripts", tree / "src").places("two")
    assert ("glitch_explorer.shapes", "helper") in places
    assert ("glitch_explorer.shapes", "unused") not in places


def test_every_script_of_the_project_has_a_fingerprint(root):
    made = Fingerprints(root / "scripts", root / "src")
    names = [path.stem for path in (root / "scripts").glob("*.py")]
    assert names
    for name in names:
        modules = {module for module, _ in made.places(name)}
        assert "glitch_explorer.core.job" in modules, name
        assert len(modules) > 1, f"{name} reaches nothing of the library"


def test_digest_sees_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("1")
    first = digest(tmp_path / "a")
    (tmp_path / "a" / "x.txt").write_text("2")
    second = digest(tmp_path / "a")
    (tmp_path / "a" / "x.txt").rename(tmp_path / "a" / "y.txt")
    assert len({first, second, digest(tmp_path / "a")}) == 3


def test_a_broken_file_of_fingerprints_is_written_again(tree: Path) -> None:
    expected = prints(tree)
    (stored,) = tree.glob("src/glitch_explorer/__pycache__/fingerprints.*.json")
    whole = stored.read_text()
    stored.write_text(whole[:40])
    assert prints(tree) == expected
    assert stored.read_text() == whole
