"""The docs say what is there."""

import difflib
import re
import subprocess
import sys

import pytest

from glitch_explorer.workflow.reference import BEGIN, STAGES, config_table, generated_pages, outputs_tables


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
    stages = {path.parent.name for path in (root / "src/glitch_explorer").glob("*/schemas.py")}
    assert stages == set(STAGES)
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
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", tmp_path / "doctrees", "-c", "docs", ".", tmp_path / "html"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    assert "What each number means" in (tmp_path / "html/docs/explanation/methods.html").read_text()


def test_dependencies_page_names_every_dependency(root):
    project = (root / "pyproject.toml").read_text().split("dependencies = [")[1].split("]")[0]
    text = (root / "docs/reference/dependencies.md").read_text()
    for name in re.findall(r'"([a-z0-9-]+)', project):
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", text), name


@pytest.mark.parametrize(
    "target",
    [
        "catalog",
        "views",
        "embed",
        "map",
        "similar",
        "place",
        "audit",
        "coupling",
        "impact",
        "site",
        "validate",
        "download",
        "evaluate_encoder",
        "export_embedding_atlas",
        "train_encoder",
        "provenance",
        "crate",
    ],
)
def test_targets_of_the_docs_are_rules(root, target):
    rules = "\n".join(path.read_text() for path in (root / "rules").glob("*.smk"))
    assert re.search(rf"^(rule|checkpoint) {target}:", rules, re.MULTILINE)
