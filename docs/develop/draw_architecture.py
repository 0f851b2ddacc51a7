"""Draw the pictures of architecture.md: the data's way from the rules, the packages from their imports.

`make reference` writes them beside this file; a test compares them with the rules and the imports.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from xml.sax.saxutils import escape

import grimp
import networkx as nx

#: Stages that run only when their target is asked for.
ON_REQUEST = {"encoder", "evaluate", "place", "export"}
#: Paths of the config lead here, so no rule names them.
BY_CONFIG = {("observatory", stage) for stage in ("sources", "catalog", "views", "coupling")}
#: Sizes of boxes and the distances between them, in px.
WIDTH, HEIGHT, ACROSS, DOWN = 216, 58, 24, 40
STYLE = """
  .box { fill: #eef2f6; stroke: #5a6f85; stroke-width: 1.5 }
  .dashed { stroke-dasharray: 5 4 }
  .way { fill: none; stroke: #7d8fa1; stroke-width: 1.5 }
  .tip { fill: #7d8fa1 }
  text { font-family: system-ui, sans-serif; text-anchor: middle; fill: #17212b }
  .name { font-size: 16px; font-weight: 600 }
  .note { font-size: 12px }
  @media (prefers-color-scheme: dark) {
    .box { fill: #1d2833; stroke: #93a9be }
    text { fill: #e8eef4 }
  }
"""

Edges = set[tuple[str, str]]


def stages(root: Path) -> tuple[dict[str, str], Edges]:
    """Return the stages with the tables that they write, and which stage reads what another one writes.

    A stage is a rule file. The order is that in which the Snakefile includes them; what leads back up
    (the quarantine of the views, which the catalogue gathers) is left out.
    """
    order = re.findall(r'^include: "rules/(\w+)\.smk"', (root / "Snakefile").read_text(), re.MULTILINE)
    order.remove("common")
    texts = {name: (root / f"rules/{name}.smk").read_text() for name in order}
    section = re.compile(r"^    (output|log|benchmark):.*\n(?:(?: {8}.*)?\n)*", re.MULTILINE)
    rules, writes = {}, {}
    for name, text in texts.items():
        rules |= dict.fromkeys(re.findall(r"^(?:rule|checkpoint) (\w+):", text, re.MULTILINE), name)
        outputs = [match[0] for match in section.finditer(text) if match[1] == "output"]
        writes |= dict.fromkeys(_paths(" ".join(outputs)), name)
    edges = set(BY_CONFIG)
    for name, text in texts.items():
        used = section.sub("", text)
        read = {rules[rule] for rule in re.findall(r"\brules\.(\w+)", used)}
        read |= {writes.get(path, path.split("/")[0]) for path in _paths(used)}
        edges |= {(source, name) for source in read & set(order[: order.index(name)])}
    notes = {name: _tables(path for path, owner in writes.items() if owner == name) for name in order}
    return notes, edges


def _paths(text: str) -> list[str]:
    return re.findall(r'"results/([^"]+)"', text)


def _tables(paths: Iterable[str]) -> str:
    """Return the names of tables, arrays and pages, with the folder where the name is a wildcard."""
    names = [
        Path(path).with_suffix("") for path in paths if path.endswith((".parquet", ".npy", ".html", ".json"))
    ]
    plain = [str(name) if name.name.startswith("{") else name.name for name in names if not name.suffix]
    return ", ".join(dict.fromkeys(plain))


def packages(library: str = "glitch_explorer") -> tuple[dict[str, str], Edges]:
    """Return the packages of the library with their inner packages, and which package imports which."""
    graph = grimp.build_graph(library, cache_dir=None)
    names = {child.removeprefix(f"{library}."): child for child in graph.find_children(library)}
    notes, edges = {}, set()
    for name, package in sorted(names.items()):
        inner = [child for child in graph.find_children(package) if graph.find_children(child)]
        notes[name] = ", ".join(sorted(child.removeprefix(f"{package}.") for child in inner))
        for module in {package} | graph.find_descendants(package):
            for imported in graph.find_modules_directly_imported_by(module):
                above = imported.removeprefix(f"{library}.").split(".")[0]
                if above in names and above != name:
                    edges.add((above, name))
    return notes, edges


def levels(notes: dict[str, str], edges: Edges) -> tuple[list[list[str]], Edges]:
    """Return rows of boxes, and arrows that lead from one row to the next.

    Arrows that a longer path implies are left out. Each box stands one row after the last that leads to it.
    An arrow over several rows gets a gap in each row between, named `from>to>row`.
    """
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(notes)
    generations = [set(names) for names in nx.topological_generations(graph)]
    depth = {name: k for k, names in enumerate(generations) for name in names}
    rows = [[name for name in notes if name in names] for names in generations]
    steps = set()
    for a, b in sorted(nx.transitive_reduction(graph).edges):
        way = [a, *(f"{a}>{b}>{k}" for k in range(depth[a] + 1, depth[b])), b]
        for k, gap in enumerate(way[1:-1], depth[a] + 1):
            rows[k].append(gap)
        steps |= set(pairwise(way))
    for above, below in pairwise(rows):
        place = {name: (k + 0.5) / len(above) for k, name in enumerate(above)}
        below.sort(key=lambda name, place=place: _mean([place[a] for a, b in steps if b == name]))
    return rows, steps


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def drawing(
    title: str, notes: dict[str, str], edges: Edges, *, dashed: Iterable[str] = (), upwards: bool = False
) -> str:
    """Return a picture as SVG, for light and dark pages.

    Parameters
    ----------
    title
        What the picture shows, for readers of screens.
    notes
        Small print of each box, by name.
    edges
        Arrows as `(from, to)`.
    dashed
        Boxes with a dashed frame.
    upwards
        Whether the first row is the lowest.
    """
    rows, steps = levels(notes, edges)
    widths = [sum(_width(name) + ACROSS for name in row) + ACROSS for row in rows]
    width, height = max(widths), len(rows) * (HEIGHT + DOWN) + DOWN
    middle = {}
    for k, row in enumerate(rows):
        x = (width - widths[k]) / 2 + ACROSS
        y = DOWN + (len(rows) - 1 - k if upwards else k) * (HEIGHT + DOWN)
        for name in row:
            middle[name] = (x + _width(name) / 2, y)
            x += _width(name) + ACROSS
    parts = [_arrow(middle[a], middle[b], upwards=upwards, tip=b in notes) for a, b in sorted(steps)]
    parts += [_line(middle[name]) for name in middle if name not in notes]
    parts += [_box(name, note, *middle[name], dashed=name in dashed) for name, note in notes.items()]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


def _width(name: str) -> int:
    return 0 if ">" in name else WIDTH


def _box(name: str, note: str, x: float, y: float, *, dashed: bool) -> str:
    lines = wrap(note, 34)
    if len(lines) > 2:
        lines = [lines[0], lines[1].rstrip(",") + ", …"]
    kind = "box dashed" if dashed else "box"
    first = y + {0: 35, 1: 26, 2: 20}[len(lines)]
    texts = [f'<text class="name" x="{x:g}" y="{first:g}">{escape(name)}</text>']
    texts += [
        f'<text class="note" x="{x:g}" y="{first + 17 + 15 * k:g}">{escape(line)}</text>'
        for k, line in enumerate(lines)
    ]
    frame = f'<rect class="{kind}" x="{x - WIDTH / 2:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
    return "\n".join([frame, *texts])


def _arrow(start: tuple[float, float], end: tuple[float, float], *, upwards: bool, tip: bool) -> str:
    sign = -1 if upwards else 1
    (x0, y0), (x1, y1) = start, end
    y0, y1 = (y0, y1 + HEIGHT) if upwards else (y0 + HEIGHT, y1)
    last = y1 - sign * 8 if tip else y1
    bend = sign * DOWN / 2
    way = (
        f'<path class="way" d="M{x0:g} {y0:g} C{x0:g} {y0 + bend:g} {x1:g} {last - bend:g} {x1:g} {last:g}"/>'
    )
    point = f'<path class="tip" d="M{x1 - 5:g} {last:g} L{x1 + 5:g} {last:g} L{x1:g} {y1:g} Z"/>'
    return way + point if tip else way


def _line(middle: tuple[float, float]) -> str:
    x, y = middle
    return f'<path class="way" d="M{x:g} {y:g} V{y + HEIGHT:g}"/>'


def pictures(root: Path) -> dict[Path, str]:
    """Return the pictures by path.

    Parameters
    ----------
    root
        Root of the repository.
    """
    folder = root / "docs/develop"
    return {
        folder / "data.svg": drawing(
            "Stages of the workflow; arrows follow the data", *stages(root), dashed=ON_REQUEST
        ),
        folder / "packages.svg": drawing(
            "Packages of the library; arrows lead from a package to those that import it",
            *packages(),
            upwards=True,
        ),
    }


if __name__ == "__main__":
    for path, text in pictures(Path(__file__).parents[2]).items():
        path.write_text(text, encoding="utf-8")
