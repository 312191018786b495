"""A graph as an interactive page: one HTML text with everything in it, that works offline, in notebooks and as a file.

The data is the tree of blocks (``blocks.py``) and the edges; layout and behaviour are in ``static/graph.js``, looks in
``static/graph.css``. A graph of any size fits: blocks beyond ``detail`` boxes are there, but can't be opened.
"""

from __future__ import annotations

import html
import json
from collections import deque
from functools import cache
from importlib import resources
from typing import Any

from .blocks import Block, results, tree
from .graphs import Graph, Vertex, constant_text, counted, describe, graph, missing_text, shape_text, title
from .stats import bytes_text

__all__ = ["embedded", "frame", "page", "static"]

DETAIL = 3000
"""Boxes that a page holds in full."""


@cache
def static(name: str) -> str:
    """The text of a file of this package's ``static`` folder."""
    return (resources.files(__package__) / "static" / name).read_text(encoding="utf-8")


def page(output: Any, title: str = "graph", fold: bool = True, detail: int = DETAIL) -> str:
    """The whole page as text.

    Args:
        output: a Tensor or a Graph.
        title: of the page.
        fold: join repeated blocks into one box that opens.
        detail: how many boxes are described in full, outermost first.
    """
    data = data_of(graph(output), fold, detail)
    del data["place"]
    return document(title, "graph", data)


def document(title: str, kind: str, data: Any) -> str:
    """An HTML document of one of our scripts (``static/<kind>.js``), its styles, and its data."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title>\n<style>\n{static('page.css')}\n{static(kind + '.css')}</style></head>\n"
        f'<body><div id="app"></div>\n<script type="application/json" id="data">{text}</script>\n'
        f"<script>\n{static('page.js')}\n{static(kind + '.js')}</script></body></html>\n"
    )


def frame(page: str, height: int = 520) -> str:
    """A page as part of a notebook: in a frame of its own, so that neither's styles touch the other."""
    return (
        f'<iframe srcdoc="{html.escape(page)}" style="width:100%;height:{height}px;border:1px solid #8884;'
        'border-radius:6px" loading="lazy"></iframe>'
    )


def embedded(g: Graph) -> str:
    """How a Graph shows itself in a notebook."""
    return frame(page(g))


def data_of(g: Graph, fold: bool = True, detail: int = DETAIL) -> dict[str, Any]:
    """Items (parents before children) and edges between them, as the script wants them."""
    root = tree(g, fold=fold)
    items: list[dict[str, Any]] = [{"kind": "graph", "name": "graph", "block": 1}]
    place: dict[int, int] = {}  # vertex id -> index of the item that stands for it
    queue: deque[tuple[Block, int]] = deque([(root, 0)])
    while queue:
        block, at = queue.popleft()
        inner = [*block.leaves, *block.items]
        if at and len(items) + len(inner) > detail:
            items[at]["cut"] = 1
            for vertex in block.vertices():
                place[vertex.id] = at
            continue
        for item in inner:
            if isinstance(item, Vertex):
                place[item.id] = len(items)
                items.append({**vertex_data(item), "parent": at})
            else:
                queue.append((item, len(items)))
                items.append({**block_data(item), "parent": at})
    edges: dict[tuple[int, int], str] = {}
    for edge in g.edges:
        a, b = place[edge.source.id], place[edge.target.id]
        if a != b:
            edges.setdefault((a, b), edge.argument)
    total = sum(v.nbytes for v in g.operations)
    head = f"{counted(len(g.operations), 'operation')}, {counted(len(g.parameters), 'parameter')}, {bytes_text(total)} of values"
    missing = missing_text(g)
    if missing:
        head += f". {missing}"
    return {
        "items": items,
        "edges": [[a, b, name] for (a, b), name in edges.items()],
        "roots": sorted({place[v.id] for v in g.roots}),
        "head": head,
        "place": place,
    }


def vertex_data(v: Vertex) -> dict[str, Any]:
    """What the page says of one vertex."""
    found = describe(v)
    found.pop("id")
    found["shape"] = shape_text(v.shape)
    found["bytes"] = bytes_text(v.nbytes)
    if "line" in found:
        file, number, text = found["line"]
        found["line"] = f"{file.rpartition('/')[2]}:{number}", text
    if not v.named and not v.op:
        number = v.kind == "constant" and v.shape == () and v.value is not None
        found["name"] = constant_text(v) if number else title(v)
    elif v.op:
        found["name"] = title(v)
    if v.formulas:
        found["formulas"] = v.formulas
    return found


def block_data(block: Block) -> dict[str, Any]:
    """What the page says of a block."""
    parameters = {v.id: v.nbytes // v.dtype.itemsize for v in block.vertices() if v.kind == "parameter"}
    made = results(block) if block.kind == "module" else []
    said = [f"→ {shape_text(made[0])}"] if len(made) == 1 else []
    if block.size > 1 or (block.size and not said):
        said.append(counted(block.size, "operation"))
    if parameters and block.kind != "leaves":
        said.append(counted(sum(parameters.values()), "parameter"))
    return {"kind": block.kind, "name": block.name, "path": block.path, "said": ", ".join(said), "block": 1}
