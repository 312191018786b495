"""A graph as a Graphviz picture: ``draw``, and the text in Graphviz's language that it is made of.

Colours are chosen to be read on a white page and on a dark one: boxes have a light fill of their own with dark text,
lines and captions are a middle grey, and the page shows through.
"""

from __future__ import annotations

import html
import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .blocks import Block, alike, example, results, tree
from .graphs import Graph, Vertex, constant_text, counted, graph, missing_text, shape_text, title
from .stats import number

__all__ = ["Board", "dot_text", "draw"]

FILLS = {"operation": "#e8eefc", "parameter": "#fde7c8", "input": "#fde7c8", "constant": "#eceff3", "root": "#d8f3dc"}
LINE = "#7b8794"
SOFT = "#5c6b7a"
BLOCK = "#dfe3ee"
SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "matmul": "@", "pow": "**"}
BOXES = 40
"""Boxes that a picture holds before modules are closed."""
LINE_LENGTH = 110
"""Characters of a line below the picture."""
NAME = 24
"""Characters of a dotted name that a box shows."""


def draw(
    output: Any,
    params: Mapping[str, Any] | None = None,
    show: Sequence[str] = ("shape", "values", "grad"),
    depth: int | None = None,
    fold: bool = True,
    rankdir: str | None = None,
    boxes: int = BOXES,
) -> Any:
    """A picture of the graph that led to ``output``, as a ``graphviz.Digraph`` that shows itself in a notebook.

    Args:
        output: a Tensor that was computed from tensors with ``requires_grad=True``, or several in a dictionary, a tuple
            or an object, as a model returns them; or a ``Graph``.
        params: names for tensors and for the models that were called: ``{"x": x, "actor": actor}``. The parameters of
            a model need none.
        show: what each box says besides its name: "shape", "values", "grad", "dtype", "line".
        depth: how many levels of modules are open; None opens as many as fit into ``boxes``.
        fold: draw repeated blocks once, marked "×12".
        rankdir: "LR" or "TB"; None takes left to right for small graphs.
        boxes: how many boxes the picture may have, about; what is beyond is drawn as "+N more".

    Small graphs of scalars show data and gradient in each node. ``.save("step.svg")`` and ``.render`` write files.

    Raises ImportError if the Python package ``graphviz`` is missing (``graph(output).to_html()`` needs nothing).

    >>> import autograd
    >>> x = autograd.tensor(3.0, requires_grad=True)
    >>> picture = draw(x * x, params={"x": x})
    >>> "x" in picture.source and "data 9.0" in picture.source
    True
    """
    from .picture import Picture

    g = graph(output, params)
    text, options = _compose(g, show, depth, fold, rankdir, boxes)
    return Picture(text, options)


def dot_text(
    output: Any,
    params: Mapping[str, Any] | None = None,
    show: Sequence[str] = ("shape", "values", "grad"),
    depth: int | None = None,
    fold: bool = True,
    rankdir: str | None = None,
    boxes: int = BOXES,
) -> str:
    """The picture of ``draw`` as text in Graphviz's language."""
    lines, attributes = _compose(graph(output, params), show, depth, fold, rankdir, boxes)
    head = [f"\tgraph [{_attributes(attributes['graph'])}]", f"\tnode [{_attributes(attributes['node'])}]"]
    head.append(f"\tedge [{_attributes(attributes['edge'])}]")
    return "\n".join(["digraph {", *head, *("\t" + line for line in lines), "}", ""])


def _compose(g: Graph, show: Sequence[str], depth: int | None, fold: bool, rankdir: str | None, boxes: int) -> Any:
    known = {"shape", "values", "grad", "dtype", "line"}
    wrong = [what for what in show if what not in known] if not isinstance(show, str) else [show]
    if wrong:
        raise ValueError(f"show must be a sequence of some of {', '.join(sorted(known))}; got {wrong[0]!r}")
    if rankdir not in (None, "LR", "TB", "RL", "BT"):
        raise ValueError(f"rankdir must be 'LR', 'TB', 'RL', 'BT' or None, not {rankdir!r}")
    for name, given, least in (("depth", 0 if depth is None else depth, 0), ("boxes", boxes, 1)):
        if not isinstance(given, (int, np.integer)) or given < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, not {given!r}")
    modules = any(call.module is not None for call in g.calls)
    scalar = len(g) <= boxes and not modules and all(v.shape == () for v in g)
    board = Board(g, depth, fold, boxes)
    direction = rankdir or ("LR" if scalar or len(board.visible) <= 9 else "TB")
    lines = _scalar_lines(g, show) if scalar else _lines(board, show)
    font = "Helvetica"  # the one without serifs whose widths every Graphviz knows
    missing = missing_text(g)
    note = {"label": "\\n".join(map(_quoted, textwrap.wrap(missing, LINE_LENGTH)))} if missing else {}
    return lines, {
        "graph": {"rankdir": direction, "bgcolor": "transparent", "fontname": font, "fontsize": "11",
                  "fontcolor": LINE, "nodesep": "0.22", "ranksep": "0.32", "pad": "0.1", **note},
        "node": {"shape": "plain", "fontname": font, "fontsize": "10", "fontcolor": "#1f2933"},
        "edge": {"color": LINE, "arrowsize": "0.6", "fontname": font, "fontsize": "9", "fontcolor": LINE},
    }  # fmt: skip


# --- what is open --------------------------------------------------------------------------------------------------


class Board:
    """Which blocks of the tree are open, and what stands for each vertex then."""

    def __init__(self, g: Graph, depth: int | None, fold: bool, boxes: int) -> None:
        self.graph = g
        self.root = tree(g, fold=fold, cap=max(6, boxes // 2))
        self.open: set[int] = {id(self.root)}
        self._open(depth, boxes)
        self.place: dict[int, Any] = {}  # vertex id -> the vertex or closed block that stands for it
        self.visible: list[Any] = []
        self._settle()

    def shown(self, block: Block) -> list[Any]:
        """What an open block shows: of a repetition one turn, without a box of its own."""
        if block.kind != "repeat":
            return [*block.leaves, *block.items]
        turn = example(block)
        return [*self._leaves(block), *(self.shown(turn) if _is_turn(turn) else [turn])]

    def _leaves(self, block: Block) -> list[Any]:
        """The leaves in an open block. Of one operation many times only those of the one that is drawn, or of several."""
        if block.kind != "repeat" or not isinstance(drawn := example(block), Vertex):
            return block.leaves
        users = {leaf.id: {edge.target.id for edge in leaf.outputs} for leaf in block.vertices() if not leaf.op}
        told = {id for id, targets in users.items() if len(targets) > 1 or drawn.id in targets}
        return [leaf for leaf in block.leaves if told & {v.id for v in _inside(leaf)}]

    def _open(self, depth: int | None, boxes: int) -> None:
        """Open the blocks breadth first, while they fit (or as deep as ``depth`` says; "+N more" stays closed)."""
        level, used, at = [self.root], len(self.shown(self.root)), 0
        while level:
            inner = [
                i for b in level for i in self.shown(b) if isinstance(i, Block) and i.kind not in ("more", "leaves")
            ]
            at += 1
            level = []
            for kin in self._kinds(inner):
                more = sum(len(self.shown(block)) - 1 for block in kin)
                if depth is None and used + more > boxes:
                    continue
                used += more
                for block in kin:
                    repeat = block.kind == "repeat"  # folding is no level of the model
                    if depth is None or repeat or self._level(block) <= depth:
                        self.open.add(id(block))
                        if repeat and _is_turn(example(block)):
                            self.open.add(id(example(block)))
                        level.append(block)

    def _kinds(self, blocks: list[Block]) -> list[list[Block]]:
        """Modules of one class together, those with the fewest boxes first: all of a class are open, or none is."""
        kinds: dict[str, list[Block]] = {}
        for block in blocks:
            kinds.setdefault(block.name.split(": ")[-1] if block.kind == "module" else block.kind, []).append(block)
        return sorted(kinds.values(), key=lambda kin: sum(len(self.shown(block)) for block in kin))

    def _level(self, block: Block) -> int:
        n, at = 0, block
        while at.parent is not None:
            n += at.kind == "module"
            at = at.parent
        return n

    def _settle(self) -> None:
        stack: list[Any] = [(item, None) for item in reversed([*self.root.leaves, *self.root.items])]
        while stack:
            item, twin = stack.pop()
            if isinstance(item, Vertex):
                stands = item if twin is None else twin
                self.place[item.id] = stands
                if twin is None:
                    self.visible.append(item)
            elif (twin is None and id(item) not in self.open) or (twin is not None and id(twin) not in self.open):
                stands = item if twin is None else twin
                for vertex in item.vertices():
                    self.place[vertex.id] = stands
                if twin is None:
                    self.visible.append(item)
            elif item.kind == "repeat":
                drawn = example(item if twin is None else twin)
                for turn in reversed(item.items):
                    self._push(stack, turn, None if turn is drawn else drawn)
                self._push_leaves(stack, item, twin)
            else:
                if twin is None:
                    stack.extend([(part, None) for part in reversed(item.items)])
                else:
                    for part, model, same in reversed(alike(item.items, twin.items)):
                        if same:
                            stack.append((part, model))
                        else:
                            self._stand(part, model)
                self._push_leaves(stack, item, twin)

    def _push(self, stack: list[Any], item: Any, model: Any) -> None:
        """One turn of a repetition, to be drawn over its model; the "+N more" of a long one goes the same way."""
        if isinstance(item, Block) and item.kind == "more" and model is not None:
            for part in reversed(item.items):
                self._push(stack, part, model)
        else:
            stack.append((item, model))

    def _stand(self, part: Any, model: Any) -> None:
        while isinstance(model, Block) and id(model) in self.open and model.items:
            model = self.shown(model)[-1]  # what it hands on
        for vertex in _inside(part):
            self.place[vertex.id] = model

    def _push_leaves(self, stack: list[Any], item: Block, twin: Block | None) -> None:
        if twin is None:
            stack.extend([(leaf, None) for leaf in self._leaves(item)])
            return
        for leaf, model in zip(item.leaves, twin.leaves, strict=False):
            if isinstance(leaf, Vertex) and isinstance(model, Vertex):
                stack.append((leaf, model))
            else:
                self._stand(leaf, model)

    def edges(self) -> list[tuple[Any, Any, bool, Any]]:
        """Edges between what is visible: (source, target, whether it goes back in a folded loop, the edge)."""
        seen: set[tuple[int, int, int]] = set()
        order = {id(item): i for i, item in enumerate(self.visible)}
        found = []
        for edge in self.graph.edges:
            a, b = self.place.get(edge.source.id), self.place.get(edge.target.id)
            turns = a is b and isinstance(a, Vertex)  # an operation of a folded loop feeds itself in the next turn
            if a is None or b is None or (a is b and not turns):
                continue
            key = (id(a), id(b), edge.output if isinstance(a, Vertex) and not turns else 0)  # each result has its arrow
            if key in seen or id(a) not in order or id(b) not in order:
                continue
            seen.add(key)
            backwards = edge.source.kind == "operation" and order[id(a)] >= order[id(b)]
            found.append((a, b, backwards, edge))
        return found


def _inside(item: Any) -> list[Vertex]:
    return [item] if isinstance(item, Vertex) else list(item.vertices())


def _is_turn(item: Any) -> bool:
    return isinstance(item, Block) and item.kind == "turn"


# --- text ----------------------------------------------------------------------------------------------------------


def _lines(board: Board, show: Sequence[str]) -> list[str]:
    lines: list[str] = []
    names: dict[int, str] = {}
    visible = {id(item) for item in board.visible}
    edges = board.edges()
    again = {id(a) for a, b, _, _ in edges if a is b}
    stack: list[Any] = [("open", board.root)]
    within = ""  # the module whose only operation comes next
    while stack:
        what, item = stack.pop()
        if what == "close":
            lines.append("}")
        elif isinstance(item, Vertex) or id(item) not in board.open:
            if id(item) in visible:
                names[id(item)] = f"n{len(names)}"
                if isinstance(item, Vertex):
                    label = vertex_label(item, show, within, id(item) in again)
                else:
                    label = block_label(item, show)
                lines.append(f"{names[id(item)]} [label={label}]")
            within = ""
        elif (alone := _alone(board, item)) is not None:
            within = item.name
            stack.append(("item", alone))
        else:
            if item.kind not in ("graph", "turn"):
                fold = ' style="rounded,dashed"' if item.kind == "repeat" else ' style="rounded"'
                beside = "\u00a0" * (2 * len(item.name) if len(item.name) <= 24 else 6)  # arrows go by in the middle
                lines.append(
                    f'subgraph cluster_{len(lines)} {{ label="{_quoted(item.name)}{beside}\\l" labeljust=l color="#a9b4c0"{fold}'
                )
                stack.append(("close", item))
            stack.extend([("item", inner) for inner in reversed(board.shown(item))])
    for a, b, backwards, edge in edges:
        extra = ""
        if a is b:  # its box says so
            continue
        if backwards:  # the other way round, beside the arrow that goes forward
            lines.append(f'{names[id(b)]} -> {names[id(a)]} [dir=back style=dashed label="  next"]')
            continue
        if isinstance(a, Vertex) and edge.result:
            extra = f' [label="  {edge.result} "]'
        elif isinstance(b, Vertex) and b.op in ("sub", "div", "matmul", "pow", "where") and isinstance(a, Vertex):
            extra = f' [tooltip="{_quoted(edge.argument)}"]'
        lines.append(f"{names[id(a)]} -> {names[id(b)]}{extra}")
    return lines


def _alone(board: Board, block: Block) -> Vertex | None:
    """The one operation of an open module that shows nothing else: it needs no box of its own around it."""
    shown = board.shown(block)
    single = block.kind == "module" and len(shown) == 1 and isinstance(shown[0], Vertex) and not shown[0].named
    return shown[0] if single else None


def vertex_label(v: Vertex, show: Sequence[str], within: str = "", again: bool = False) -> str:
    """A box as Graphviz's HTML: the name, then one row for each thing to show.

    ``within`` is the module that it stands for; ``again``: in a loop its result is an argument of its next turn.
    """
    fill = FILLS["root"] if v in v.graph.roots else FILLS[v.kind]
    rows: list[tuple[str, str]] = []
    if v.kind == "constant" and v.shape == () and v.value is not None:
        return table(constant_text(v), rows, fill)
    head = _clipped(title(v))
    if within:
        kind = within.rpartition(": ")[2].lower()
        if v.op.replace("_", "") != kind:
            rows.append(("op", head))
        head = within
    if "shape" in show and (v.shape != () or v.kind != "operation"):
        dtype = f" {v.dtype}" if "dtype" in show else ""
        rows.append(("shape", shape_text(v.shape) + dtype))
    if "values" in show and v.value is not None:
        rows.append(("data", v.value.text))
    if "grad" in show and v.grad is not None:
        rows.append(("grad", v.grad.text))
    if "line" in show and v.line is not None:
        rows.append(("line", f"{os.path.basename(v.line[0])}:{v.line[1]}"))
    if v.hooks:
        rows.append(("hooks", str(v.hooks)))
    if again:
        rows.append(("next", "goes in again"))
    return table(head, rows, fill)


def _clipped(name: str) -> str:
    """A long dotted name by its end, since the boxes around it say the beginning: "…c_attn.weight"."""
    parts = name.split(".")
    while len(parts) > 1 and len(".".join(parts)) > NAME:
        parts.pop(0)
    short = ".".join(parts)
    return name if len(short) == len(name) else f"…{short}"


def block_label(block: Block, show: Sequence[str] = ()) -> str:
    """The box of a closed block: its name, the shape of what comes out, and how much there is inside."""
    if block.kind == "leaves":
        return table(block.name, [], FILLS["parameter"])
    rows = []
    if block.kind != "more":
        shapes = results(block)
        if "shape" in show and len(shapes) == 1:
            rows.append(("", f"→ {shape_text(shapes[0])}"))
        if block.size > 1 or not rows:
            rows.append(("", counted(block.size, "operation")))
        parameters = {v.id: v.nbytes // v.dtype.itemsize for v in block.vertices() if v.kind == "parameter"}
        if parameters:
            rows.append(("", counted(sum(parameters.values()), "parameter")))
    return table(block.name, rows, BLOCK)


ROOM = {"shape": 2, "data": 5, "grad": 5, "hooks": 2, "line": 6, "op": 6, "next": 4}
"""Spaces after the word that begins a row, where words and values are no columns."""


def table(head: str, rows: list[tuple[str, str]], fill: str) -> str:
    """A small table in Graphviz's HTML: two columns, or one under a wide head, which would push two apart."""
    cells, around = "", "\u00a0" * (1 + len(head) // 16)
    one = len(head) > max((len(key) + len(text) for key, text in rows), default=0)
    for key, text in rows:
        word = f'<FONT COLOR="{SOFT}">{key}</FONT>' if key else ""
        told = html.escape(text) + "\u00a0" * (1 + len(text) // 14)  # browsers' fonts are wider than Graphviz thinks
        if one or not key:
            cells += f'<TR><TD ALIGN="LEFT" COLSPAN="2">{word}{chr(160) * ROOM.get(key, 0)}{told}</TD></TR>'
        else:
            cells += f'<TR><TD ALIGN="LEFT">{word}</TD><TD ALIGN="LEFT">{told}</TD></TR>'
    return (
        f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" STYLE="ROUNDED" '
        f'COLOR="{LINE}" BGCOLOR="{fill}">'
        f'<TR><TD COLSPAN="2"><B>{around}{html.escape(head)}{around}</B></TD></TR>{cells}</TABLE>>'
    )


def _scalar_lines(g: Graph, show: Sequence[str]) -> list[str]:
    """A small graph of scalars as learners know it: a box for each value, a circle for each operation."""
    lines = []
    for i, v in enumerate(g.nodes):
        value, grad = v.value, v.grad
        cells = [v.name if v.named else ""] if v.named or not v.op else []
        if "values" in show:
            cells.append(f"data {value.text}" if value is not None else "data ?")
        if "grad" in show and v.kind != "constant":
            cells.append(f"grad {grad.text}" if grad is not None else "grad ?")
        fill = FILLS["root"] if v in g.roots else FILLS[v.kind]
        lines.append(f"v{i} [label=<{_row(cells, fill)}>]")
        if v.op:
            lines.append(
                f'o{i} [label="{_quoted(SIGNS.get(v.op, v.op))}" shape=ellipse style=filled fillcolor="#ffffff" '
                f'color="{LINE}" fontsize=12 height=0.3 width=0.4 margin="0.05,0.02"]'
            )
            lines.append(f"o{i} -> v{i}")
        constant = _left_out(v)
        if constant is not None:
            lines.append(f"c{i} [label=<{_row([f'data {number(constant)}'], FILLS['constant'])}>]")
            lines.append(f"c{i} -> o{i}")
    index = {v.id: i for i, v in enumerate(g.nodes)}
    for edge in g.edges:
        lines.append(f"v{index[edge.source.id]} -> o{index[edge.target.id]}")
    return lines


def _row(cells: list[str], fill: str) -> str:
    row = "".join(f"<TD>{html.escape(cell)}</TD>" for cell in cells if cell)
    start = f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="5" COLOR="{LINE}" BGCOLOR="{fill}">'
    return f"{start}<TR>{row}</TR></TABLE>"


def _left_out(v: Vertex) -> float | None:
    """The constant of a sum or difference, which no formula saved: what is missing between argument and result."""
    if v.op not in ("add", "sub") or len(v.inputs) != 1 or v.value is None or v.inputs[0].source.value is None:
        return None
    result, known = float(v.value.mean), float(v.inputs[0].source.value.mean)
    if v.op == "add":
        return result - known
    return known - result if v.inputs[0].argument in ("input", "a") else result + known


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _attributes(found: Mapping[str, str]) -> str:
    return " ".join(f'{key}="{value}"' for key, value in found.items())
