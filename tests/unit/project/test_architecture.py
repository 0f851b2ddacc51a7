"""The packages of the library: who may import whom, and how many modules a folder holds."""

import importlib.util
import subprocess
import sys
from collections import Counter


def test_imports_keep_the_contracts(root):
    # A process of its own: import-linter disables the loggers of the process that it runs in.
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", lint, "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
