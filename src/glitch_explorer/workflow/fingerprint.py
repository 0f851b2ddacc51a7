"""Fingerprints of the code that a job reaches, blind to comments, docstrings and messages.

Snakemake sees a rule's script but not the modules that it imports. The
fingerprint follows names from the script into the library, definition by
definition, so that changing one function changes only the jobs that reach it.
It over-estimates (a local variable named like a module's function counts as a
use of it) and never reads what is outside the package.
"""

import ast
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from importlib.util import cache_from_source
from pathlib import Path

#: A place in the code: module name, and a name in it (None: all of the module).
Place = tuple[str, str | None]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


#: The package whose code is followed.
_PACKAGE = "glitch_explorer"
#: Functions that build columns, and how many of their arguments are no words.
_COLUMNS = {"Column": 1, "number": 0}
_LOGGING = {"debug", "info", "warning", "error", "exception", "critical"}


class _WithoutWords(ast.NodeTransformer):
    """Remove what changes no result: docstrings, texts of messages, descriptions of columns."""

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the node without words."""
        if isinstance(node, (*_DEFINITIONS, ast.Module)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.Raise) or _is_logging(node):
            return _WithoutTexts().generic_visit(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _COLUMNS:
            node.args = node.args[: _COLUMNS[node.func.id]]
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "unit"]
        return self.generic_visit(node)


class _WithoutTexts(ast.NodeTransformer):
    """Remove all texts. A reason that becomes data is a member of an enumeration, not a text."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """Replace a text by an empty one."""
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:  # noqa: ARG002 - the signature of ast
        """Replace a formatted text, with its expressions, by an empty one."""
        return ast.Constant("")


def _is_logging(node: ast.AST) -> bool:
    """Return whether a call writes to a log, as `_LOG.warning(...)` does."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = node.func.value
    return node.func.attr in _LOGGING and isinstance(owner, ast.Name) and owner.id.strip("_").lower() == "log"


def _targets(node: ast.stmt) -> list[str]:
    """Return the module-level names that a statement binds, without imports."""
    if isinstance(node, _DEFINITIONS):
        return [node.name]
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return []


def _imports(nodes: Iterator[ast.AST]) -> dict[str, Place]:
    """Return the definition that each name imported from the package refers to."""
    bound: dict[str, Place] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _PACKAGE:
            for name in node.names:
                bound[name.asname or name.name] = (node.module or "", name.name)
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] == _PACKAGE:
                    bound[name.asname or _PACKAGE] = (name.name if name.asname else _PACKAGE, None)
    return bound


class _Module:
    """A parsed module of the package, or a parsed script."""

    def __init__(self, path: Path) -> None:
        self.tree = _WithoutWords().visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))

    @cached_property
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """Statements by the name that they define."""
        statements: dict[str, list[ast.stmt]] = {}
        for node in self.tree.body:  # type: ignore[attr-defined]
            for name in _targets(node):
                statements.setdefault(name, []).append(node)
        return statements

    @cached_property
    def loose(self) -> list[ast.stmt]:
        """Statements that run on import and define nothing."""
        return [
            node
            for node in self.tree.body  # type: ignore[attr-defined]
            if not _targets(node) and not isinstance(node, (ast.Import, ast.ImportFrom))
        ]

    @cached_property
    def imports(self) -> dict[str, Place]:
        return _imports(ast.walk(self.tree))

    def uses(self, node: ast.AST) -> set[str | tuple[str, str]]:
        """Return the names that `node` uses, as `name` or `(name, attribute)`."""
        used: set[str | tuple[str, str]] = set()
        inside = set()
        for child in ast.walk(node):  # what holds a name comes before it
            if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name):
                used.add((child.value.id, child.attr))
                inside.add(child.value)
            elif isinstance(child, ast.Name) and child not in inside:
                used.add(child.id)
        return used


class Fingerprints:
    """Fingerprints of scripts that use the package below `source`.

    Parameters
    ----------
    scripts
        Folder of the scripts, one per rule.
    source
        Folder that holds the package's folder.
    """

    def __init__(self, scripts: str | Path, source: str | Path) -> None:
        self.scripts = Path(scripts)
        self.source = Path(source)
        self._modules: dict[str, _Module | None] = {}
        # Rules share most of what they reach.
        self._dumped: dict[Place, str] = {}
        self._next: dict[Place, tuple[Place, ...]] = {}

    def __call__(self, rule: str) -> str:
        """Return the fingerprint of `scripts/<rule>.py` and all that it reaches."""
        return self._prints[rule]

    @cached_property
    def _prints(self) -> dict[str, str]:
        """Fingerprints by rule; a file beside the package's bytecode has them until the code changes."""
        path = Path(cache_from_source(str(self.source / _PACKAGE / "fingerprints.py"))).with_suffix(".json")
        code = self._code_digest()
        with suppress(OSError, ValueError):
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["code"] == code:
                return dict(stored["prints"])
        prints = {script.stem: self._print(script.stem) for script in sorted(self.scripts.glob("*.py"))}
        # Where the code lies on a read-only disk, each run computes them.
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            unfinished = path.with_name(f"{path.name}.tmp.{os.getpid()}")
            unfinished.write_text(json.dumps({"code": code, "prints": prints}), encoding="utf-8")
            unfinished.replace(path)
        return prints

    def _code_digest(self) -> str:
        """Return the hash of all that a fingerprint can depend on, this module included."""
        total = hashlib.blake2b(digest_size=16)
        for folder, pattern in ((self.scripts, "*.py"), (self.source, f"{_PACKAGE}/**/*.py")):
            for path in sorted(folder.glob(pattern)):
                text = path.read_bytes()
                total.update(f"{path.relative_to(folder).as_posix()} {len(text)} ".encode() + text)
        return total.hexdigest()

    def _print(self, rule: str) -> str:
        dumps = sorted(self._dumps(rule))
        return hashlib.blake2b("\n".join(dumps).encode(), digest_size=8).hexdigest()

    def places(self, rule: str) -> set[Place]:
        """Return the definitions that the script of `rule` reaches, as (module, name)."""
        return self._reach(_Module(self.scripts / f"{rule}.py"))

    def _dumps(self, rule: str) -> Iterator[str]:
        script = _Module(self.scripts / f"{rule}.py")
        yield "script " + ast.dump(script.tree)
        for definition in self._reach(script):
            if definition not in self._dumped:
                self._dumped[definition] = self._dump(*definition)
            yield self._dumped[definition]

    def _dump(self, name: str, symbol: str | None) -> str:
        """Return the code at one place; empty where the package has no such place."""
        module = self._module(name)
        if module is None:
            return ""
        nodes = module.loose if symbol is None else module.definitions.get(symbol, [])
        return "\n".join(f"{name}.{symbol} {ast.dump(node)}" for node in nodes)

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            base = self.source.joinpath(*name.split("."))
            path = next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
            self._modules[name] = _Module(path) if path else None
        return self._modules[name]

    def _reach(self, script: _Module) -> set[Place]:
        seen: set[Place] = set()
        todo = list(self._resolve(script, script.tree))
        while todo:
            definition = todo.pop()
            if definition in seen:
                continue
            seen.add(definition)
            if definition not in self._next:
                self._next[definition] = tuple(self._behind(*definition))
            todo.extend(self._next[definition])
        return seen

    def _behind(self, name: str, symbol: str | None) -> Iterator[Place]:
        """Yield the places that one place uses."""
        module = self._module(name)
        if module is None:
            return
        if symbol is None:  # the module itself: what runs when it is imported
            for node in module.loose:
                yield from self._resolve(module, node)
        elif symbol in module.definitions:
            yield (name, None)
            for node in module.definitions[symbol]:
                yield from self._resolve(module, node, name)
        elif symbol in module.imports:
            yield module.imports[symbol]
        elif self._module(f"{name}.{symbol}") is not None:  # a module taken as a whole
            yield from self._all(f"{name}.{symbol}")

    def _all(self, name: str) -> Iterator[Place]:
        module = self._module(name)
        if module is not None:
            yield (name, None)
            yield from ((name, symbol) for symbol in module.definitions)

    def _resolve(self, module: _Module, node: ast.AST, name: str = "") -> Iterator[Place]:
        """Yield the places of the package that `node`, inside `module`, uses."""
        for used in module.uses(node):
            base, attribute = used if isinstance(used, tuple) else (used, None)
            if name and base in module.definitions:
                yield (name, base)
            if base in module.imports:
                target, symbol = module.imports[base]
                whole = target if symbol is None else f"{target}.{symbol}"
                if attribute is not None and self._module(whole) is not None:
                    yield (whole, attribute)
                elif symbol is None:
                    yield from self._all(whole)
                else:
                    yield (target, symbol)


def digest(path: str | Path) -> str:
    """Return the hash of a file, or of all files below a folder, by name and content."""
    path = Path(path)
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    total = hashlib.blake2b(digest_size=8)
    for file in sorted(files):
        total.update(file.relative_to(path.parent).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()
