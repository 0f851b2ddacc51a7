"""The API reference: its functions exist, and their docstrings are complete."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/reference/api.md"
NAMES = re.findall(r"^\.\. autofunction:: (\S+)$", PAGE.read_text(), re.MULTILINE)


def sections(docstring):
    """Return the text of each section of a NumPy docstring by its title; the summary by an empty title."""
    parts = re.split(r"^(\w+)\n-+$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return dict(zip(["", *parts[1::2]], parts[::2], strict=True))


def test_listed_classes_exist():
    names = re.findall(r"^\.\. auto(?:class|exception):: (\S+)$", PAGE.read_text(), re.MULTILINE)
    assert len(names) > 10
    for name in names:
        module, kind = name.rsplit(".", 1)
        assert inspect.isclass(getattr(import_module(module), kind)), name


def test_reference_lists_functions_of_every_stage():
    assert len(NAMES) >= 30
    assert len(set(NAMES)) == len(NAMES)
    assert {"catalog", "map", "audit", "coupling", "impact"} <= {name.split(".")[1] for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_docstring_describes_every_parameter_and_the_result(name):
    module, function = name.rsplit(".", 1)
    documented = getattr(import_module(module), function)
    parts = sections(documented.__doc__)
    lines = re.findall(r"^(\S.*)$", parts["Parameters"], re.MULTILINE)
    described = [parameter for line in lines for parameter in re.split(r",\s*", line.split(" : ")[0])]
    assert described == list(inspect.signature(documented).parameters)
    assert "Returns" in parts or inspect.signature(documented).return_annotation in (None, "None")
    first = parts[""].split()[0]
    assert first not in {"Give", "Say", "Tell", "Name", "Hold", "Keep", "Let", "Make", "Put", "Ask"}
