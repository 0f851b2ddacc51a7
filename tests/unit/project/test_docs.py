"""The docs say what is there."""

import difflib
import re
import shlex
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement

from glitch_explorer.workflow.reference import BEGIN, FOLDERS, config_table, generated_pages, outputs_tables


def pages(root):
    return [
        *sorted(root.glob("*.md")),
        *sorted((root / "docs").rglob("*.md")),
        *sorted(root.glob("*/README.md")),
    ]


def test_generated_pages_are_what_the_schemas_give(root):
    for path, text in generated_pages(root).items():
        old = path.read_text()
        assert BEGIN in old
        changes = difflib.unified_diff(
            old.splitlines(), text.splitlines(), "now", "from the schemas", lineterm="", n=0
        )
        assert old == text, f"{path.name} is old, run `make reference`:\n" + "\n".join(changes)


def test_outputs_page_has_the_columns_of_every_stage(root):
    library = root / "src/glitch_explorer"
    folders = {path.parent.relative_to(library) for path in library.glob("**/schemas.py")}
    assert {".".join(folder.parts) for folder in folders} == set(FOLDERS)
    tables = outputs_tables()
    assert "## witnesses\n" in tables
    assert "| event_time | `double` or null | s | GPS time of the event |" in tables
    assert r"| H(label \| family) |" in tables


def test_config_table_gives_type_default_and_meaning_of_a_key():
    keys = {
        "top": {"enum": ["a", "b"], "default": "a", "description": "Either."},
        "part": {"properties": {"low": {"type": ["number", "null"], "description": "Bound, or | none."}}},
    }
    assert config_table({"properties": keys}).splitlines()[2:] == [
        '| `top` | `a`, `b` | `"a"` | Either. |',
        r"| `part.low` | number or null | required | Bound, or \| none. |",
    ]


def test_links_lead_somewhere(root):
    for page in pages(root):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(root)}: {target}"


def anchors(page):
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def cited_anchors(root):
    """Return `(file, page, anchor)` of each anchor that docs, code, rules, config or templates cite."""
    folders = [
        "docs",
        "src",
        "scripts",
        "rules",
        "benchmarks",
        "tests",
        "config",
        "profiles",
        "resources",
        "report",
    ]
    kinds = {".md", ".py", ".smk", ".html", ".js", ".yaml", ".rst"}
    files = [*root.glob("*.md"), *(path for folder in folders for path in sorted((root / folder).rglob("*")))]
    for path in files:
        if path.suffix in kinds:
            start = path.parent if path.suffix == ".md" else root
            for page, anchor in re.findall(
                r"(?<![\w:/.])((?:[\w.-]+/)*[\w-]+\.md)#([\w-]+)", path.read_text()
            ):
                yield path.relative_to(root), start / page, anchor


def test_no_code_cites_sections_by_number(root):
    for folder in ("src", "scripts", "rules", "benchmarks"):
        for path in (root / folder).rglob("*.py"):
            assert not re.search(r"METHODS|§", path.read_text()), path


def test_cited_anchors_exist(root):
    cited = list(cited_anchors(root))
    assert len(cited) > 10
    wrong = [
        f"{path}: {page.name}#{a}" for path, page, a in cited if not page.exists() or a not in anchors(page)
    ]
    assert not wrong


def test_named_files_exist(root):
    folders = "src|rules|scripts|tests|config|docs|envs|profiles|benchmarks|resources|report|glitch_explorer"
    # A finished experiment is named with the commit that holds it.
    named = re.compile(rf"`((?:{folders})/[\w./-]*)`(?! (?:at|\(at) )")
    paths = [
        (page.name, path.replace("glitch_explorer/", "src/glitch_explorer/", 1).replace("src/src/", "src/"))
        for page in pages(root)
        for path in named.findall(page.read_text())
    ]
    assert len(paths) > 40
    assert [(page, path) for page, path in paths if not (root / path).exists()] == []


def test_named_modules_exist(root):
    """`glitch_explorer.a.b` is a module, or a name that module `glitch_explorer.a` defines or imports."""
    for page in pages(root):
        for name in re.findall(r"(?:from|-m|`)\s?(glitch_explorer(?:\.\w+)+)", page.read_text()):
            path = root / "src" / name.replace(".", "/")
            sources = [p for p in (path.parent.with_suffix(".py"), path.parent / "__init__.py") if p.exists()]
            assert (
                path.is_dir()
                or path.with_suffix(".py").exists()
                or any(re.search(rf"\b{path.name}\b", source.read_text()) for source in sources)
            ), f"{page.name}: {name}"


def test_quoted_messages_are_messages_of_the_code(root):
    page = (root / "docs/how-to/when-it-breaks.md").read_text()
    code = "\n".join(path.read_text() for path in (root / "src").rglob("*.py"))
    seen = [row.split("|")[2] for row in page.splitlines() if row.startswith("|")][2:]
    quoted = {text.split(" …")[0] for cell in seen for text in re.findall(r"`([^`]+)`", cell)}
    others = {
        "LockException",
        "Write-protected output files",
        "catalog/quarantine.parquet",
        "max-checksum-file-size",
    }
    assert len(quoted) > 10
    assert [text for text in quoted - others if text not in code] == []


@pytest.mark.slow
def test_documentation_builds_without_warnings(root, tmp_path):
    recipe = re.search(
        r"^docs:.*\n\t\$\(BIN\)/python (.+) build/docs$", (root / "Makefile").read_text(), re.MULTILINE
    )
    command = [sys.executable, *shlex.split(recipe[1]), tmp_path / "html", "-d", tmp_path / "doctrees"]
    built = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert "What each number means" in (tmp_path / "html/docs/explanation/methods.html").read_text()


def test_dependencies_page_names_every_dependency(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    text = (root / "docs/reference/dependencies.md").read_text()
    names = {Requirement(line).name for group in groups for line in group}
    assert [name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", text)] == []


def test_targets_of_the_docs_are_rules(root):
    rules = "\n".join(path.read_text() for path in (root / "rules").glob("*.smk"))
    rules += (root / "Snakefile").read_text()
    targets = {
        target
        for page in pages(root)
        for code in re.findall(r"`([^`]+)`|^```\n(.+?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        for target in re.findall(
            r"snakemake (?:--cores \w+ )?(?:--\w+ [\w.]+ )*([a-z_]+)\b(?!/)", "".join(code)
        )
    }
    assert len(targets) > 10
    assert [
        name for name in targets if not re.search(rf"^(rule|checkpoint) {name}:", rules, re.MULTILINE)
    ] == []


def test_tests_against_threats_exist(root):
    tests = "\n".join(path.read_text() for path in (root / "tests").rglob("test_*.py"))
    page = (root / "docs/explanation/threats.md").read_text()
    names = re.findall(r"`(test_\w*…?|…\w+)`", page)
    assert len(names) > 10
    patterns = [name.replace("…", r"\w*") for name in names]
    assert [pattern for pattern in patterns if not re.search(rf"def {pattern}\(", tests)] == []


def test_programs_of_the_benchmarks_have_the_options(root):
    """Of a finished program the page names the commit."""
    page = (root / "docs/reference/benchmarks.md").read_text()
    commands = re.findall(r"`(\w+\.py)((?: [\w-]+)*)`(?! at )", page)
    assert len(commands) > 20
    for name, options in commands:
        program = (root / "benchmarks" / name).read_text()
        assert [
            option for option in re.findall(r"--[\w-]+", options) if f'"{option}"' not in program
        ] == [], name
