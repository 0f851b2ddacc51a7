"""The packages of the library: who may import whom, and how many modules a folder holds."""

import importlib.util
from collections import Counter

from importlinter.cli import lint_imports


def test_imports_keep_the_contracts(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    status = lint_imports(config_filename=str(root / "pyproject.toml"), cache_dir=None, no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_no_folder_holds_more_than_sixteen_modules(root):
    modules = [path for path in (root / "src/glitch_explorer").rglob("*.py") if path.stem != "__init__"]
    folder, count = Counter(path.parent for path in modules).most_common(1)[0]
    assert count <= 16, folder


def test_pictures_are_what_rules_and_imports_give(root):
    spec = importlib.util.spec_from_file_location("draw", root / "docs/develop/draw_architecture.py")
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    old = [path.name for path, text in draw.pictures(root).items() if path.read_text() != text]
    assert not old, "run `make reference`"
