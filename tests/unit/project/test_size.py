"""Modules and functions stay short enough to be read at once."""

import ast

#: Most lines of a module, and of a function with its docstring.
MODULE, FUNCTION = 400, 60


def test_modules_and_functions_are_short(root):
    long = []
    for folder in ("src", "scripts", "benchmarks", "docs", "tests"):
        for path in (root / folder).rglob("*.py"):
            text, name = path.read_text(encoding="utf-8"), path.relative_to(root)
            long += [str(name)] if len(text.splitlines()) > MODULE else []
            functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
            long += [f"{name}: {f.name}" for f in functions if f.end_lineno - f.lineno >= FUNCTION]
    assert not long
