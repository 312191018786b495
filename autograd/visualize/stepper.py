"""The backward pass, step by step: what arrives at a node, the formula, and what it sends to each parent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..graph import Part
from .backprop import steps
from .graphs import Graph, Vertex, argument_name, graph, shape_text, title, written
from .page import data_of, document, frame
from .stats import Stats

__all__ = ["Backward", "Sent", "Visit", "show_backward"]

MOST = 500


class Sent:
    """A cotangent on its way: ``formula`` of the edge's argument gave ``value``, which goes to ``target``."""

    __slots__ = ("argument", "formula", "target", "value")

    def __init__(self, target: Vertex, argument: str, formula: str, value: Stats) -> None:
        self.target = target
        self.argument = argument
        self.formula = formula
        self.value = value

    def __repr__(self) -> str:
        return f"<{self.argument}: {self.formula} = {self.value.text} -> {self.target.name}>"


class Visit:
    """One step: the cotangent ``arrived`` at ``vertex`` in full, and was ``sent`` on."""

    __slots__ = ("arrived", "sent", "vertex")

    def __init__(self, vertex: Vertex, arrived: Stats | None, sent: list[Sent]) -> None:
        self.vertex = vertex
        self.arrived = arrived
        self.sent = sent

    def __repr__(self) -> str:
        return f"<at {self.vertex.name}: {'?' if self.arrived is None else self.arrived.text}, sends {self.sent}>"


class Backward:
    """The steps of a backward pass, in their order. A notebook shows them with a slider.

    ``steps`` is the list of visits; ``to_html(path)`` a page; ``save(folder)`` one picture a step.
    """

    def __init__(self, g: Graph) -> None:
        if len(g.operations) > MOST:
            raise ValueError(
                f"show_backward goes node by node, and this graph has {len(g.operations):,} operations: give it a part "
                f"of at most {MOST}, or see the whole with graph(loss).to_html()"
            )
        self.graph = g
        self.steps: list[Visit] = []
        self._walk()

    def _walk(self) -> None:
        g = self.graph
        by_id = {v.id: v for v in g.nodes}
        for step in steps(*g.root_nodes):
            node = step.node
            if type(node) is Part:
                continue
            vertex = by_id[node.id]
            edges = {e.argument: e for e in vertex.inputs}
            formulas = vertex.formulas
            sent = []
            for i, c in enumerate(step.sent):
                parent = node.parents[i]
                if c is None or parent is None or node.op is None:
                    continue
                name = argument_name(node.op, i)
                if name in edges:
                    formula = formulas.get(name) or formulas.get("all", "")
                    sent.append(Sent(edges[name].source, name, formula, Stats(c)))
            several = isinstance(step.g, tuple)
            arrived = None if several or step.g is None else Stats(step.g)
            self.steps.append(Visit(vertex, arrived, sent))

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<Backward of {len(self)} steps>"

    def to_html(self, path: Any = None) -> str:
        """A page with the graph and a slider over the steps; whole in itself."""
        data = data_of(self.graph, fold=False)
        index = data.pop("place")
        data["steps"] = [
            {
                "item": index[visit.vertex.id],
                "arrived": "" if visit.arrived is None else visit.arrived.text,
                "sent": [
                    {
                        "to": index[s.target.id],
                        "argument": s.argument,
                        "formula": s.formula,
                        "text": s.value.text,
                        "shape": shape_text(s.value.shape),
                    }
                    for s in visit.sent
                ],
            }
            for visit in self.steps
        ]
        text = document("backward, step by step", "graph", data)
        return written(text, path)

    def _repr_html_(self) -> str:
        return frame(self.to_html())

    def save(self, folder: Any, format: str = "svg") -> list[Path]:
        """Write one picture a step, ``step-000.svg`` and so on, with what is known by then; needs Graphviz.

        Returns the files' paths.
        """
        from .dot import FILLS, table
        from .picture import Picture

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        names = {v.id: f"v{i}" for i, v in enumerate(self.graph.nodes)}
        done: dict[int, str] = {}
        paths = []
        for n, visit in enumerate(self.steps):
            if visit.arrived is not None:
                done[visit.vertex.id] = visit.arrived.text
            lines = []
            for v in self.graph.nodes:
                rows = [("data", v.value.text)] if v.value is not None else []
                if v.id in done:
                    rows.append(("grad", done[v.id]))
                if v is visit.vertex:
                    rows.extend((s.argument, f"← {s.formula} = {s.value.text}") for s in visit.sent)
                fill = "#ffd8a8" if v is visit.vertex else FILLS["root"] if v.id in done else "#eceff3"
                lines.append(f"{names[v.id]} [label={table(title(v), rows, fill)}]")
            hot = {(s.target.id, visit.vertex.id) for s in visit.sent}
            for e in self.graph.edges:
                style = ' [color="#d9480f" penwidth=2 dir=back]' if (e.source.id, e.target.id) in hot else ""
                lines.append(f"{names[e.source.id]} -> {names[e.target.id]}{style}")
            attributes = {"graph": {"bgcolor": "transparent"}, "node": {"shape": "plain", "fontname": "Helvetica"}}
            attributes["edge"] = {"color": "#7b8794"}
            picture = Picture(lines, attributes)
            paths.append(Path(picture.save(folder / f"step-{n:03d}.{format}")))
        return paths


def show_backward(output: Any, params: Mapping[str, Any] | None = None) -> Backward:
    """Step through the backward pass of ``output``, node by node; nothing is accumulated or released.

    Args:
        output: a Tensor whose graph has not been released by ``backward`` (or retains it).
        params: names for tensors, as in ``draw``.

    Returns a ``Backward``: a slider in a notebook, ``.to_html(path)``, frames by ``.save(folder)``.

    Raises RuntimeError if backward has released the graph, ValueError for a graph of more than 500 operations.

    >>> import autograd
    >>> x = autograd.tensor(3.0, requires_grad=True)
    >>> for visit in show_backward(x * x + x, params={"x": x}).steps:
    ...     print(visit)
    <at add: 1.0, sends [<input: g = 1.0 -> mul>, <other: g = 1.0 -> x>]>
    <at mul: 1.0, sends [<input: g * other = 3.0 -> x>, <other: g * input = 3.0 -> x>]>
    <at x: 7.0, sends []>
    """
    return Backward(graph(output, params))
