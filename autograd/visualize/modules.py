"""Which module made what: the calls of nn.Modules as intervals of the clock, and the path of each.

A Module's call notes on the nodes that it returns when it began and ended (``node.calls``). Calls nest as Python's
calls do, so their intervals nest too; the name of each module is what its caller calls it. A reverse pass that was
recorded (``create_graph=True``) is an interval too.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graphs import Graph

__all__ = ["Call", "find_calls"]


class Call:
    """One call of a module, or a reverse pass (``module`` is None): it made the nodes with ``first < id <= last``.

    ``path`` is its name seen from outside ("decoder.layers.0"), ``name`` its name in the caller ("layers.0").
    """

    __slots__ = ("first", "last", "module", "name", "outermost", "path", "prefix")

    def __init__(self, module: Any, first: int, last: int) -> None:
        self.module = module
        self.first = first
        self.last = last
        self.path = self.name = ""
        self.prefix = ""  # what the names inside an outermost call begin with: the name that its module was given
        self.outermost = True

    @property
    def title(self) -> str:
        """What its box is called: "encoder.0: Linear"."""
        kind = self.name if self.module is None else type(self.module).__name__
        return kind if self.name in ("", kind) else f"{self.name}: {kind}"

    def __repr__(self) -> str:
        return f"<call of {self.path or self.name} {self.first}..{self.last}>"


def find_calls(graph: Graph, models: Mapping[str, Any] = MappingProxyType({})) -> list[Call]:
    """The module calls and reverse passes that a graph went through, outer ones first; names the module of every vertex.

    ``models`` are modules by the name that the caller gives them.
    A call that returned several tensors noted itself on each, a tick later every time: it is told by its beginning.
    """
    calls: dict[int, Call] = {}
    passes: dict[int, Call] = {}
    gone: set[int] = set()
    noted = [node for vertex in graph.nodes for node in (vertex.node, *vertex.parts)]
    for node in noted:
        for ref, first, last in getattr(node, "calls", ()):
            if isinstance(ref, str):
                passes.setdefault(first, Call(None, first, last)).name = ref
                continue
            module = ref()
            if module is None:
                gone.add(first)
            elif first not in calls or calls[first].last < last:
                calls[first] = Call(module, first, last)
    graph.gone = len(gone)
    ordered = sorted(calls.values(), key=lambda call: (call.first, -call.last))
    known = _outermost(ordered, models)
    open_calls: list[Call] = []
    names: dict[int, dict[int, str]] = {}
    for call in ordered:
        while open_calls and not open_calls[-1].last >= call.last:
            open_calls.pop()
        if not call.outermost:
            caller = open_calls[-1]
            if id(caller.module) not in names:
                names[id(caller.module)] = {id(m): name for name, m in caller.module.named_modules()}
            call.name = names[id(caller.module)].get(id(call.module), type(call.module).__name__)
            inside = caller.prefix if caller.outermost else caller.path
            call.path = f"{inside}.{call.name}" if inside and call.name else inside or call.name
        else:
            call.prefix = known[id(call.module)]
            call.path = call.name = call.prefix or type(call.module).__name__
        open_calls.append(call)
    _label(graph, ordered)
    return sorted([*ordered, *passes.values()], key=lambda call: (call.first, -call.last))


def _outermost(calls: list[Call], models: Mapping[str, Any]) -> dict[int, str]:
    """Find the calls that no other is around, and the names of their modules by id().

    Most are called as a whole, and have no name but the one given. A part has its name in the whole: a program may call
    it alone, or the whole's result be no part of the graph, as in a gradient penalty.
    """
    end = 0
    for call in calls:
        call.outermost = call.last > end
        end = max(end, call.last)
    alone = {id(call.module): call.module for call in calls if call.outermost}
    known: dict[int, str] = {}
    for name, module in [*models.items(), *(("", m) for m in sorted(alone.values(), key=_parts, reverse=True))]:
        for path, part in module.named_modules(prefix=name):
            known.setdefault(id(part), path)
    return known


def _parts(module: Any) -> int:
    return sum(1 for _ in module.modules())


def _label(graph: Graph, calls: list[Call]) -> None:
    """Give each operation the path of the innermost call that it happened in."""
    waiting = iter(calls)
    coming = next(waiting, None)
    inside: list[Call] = []
    for vertex in graph.nodes:
        if vertex.kind != "operation":
            continue
        while coming is not None and coming.first < vertex.id:
            inside.append(coming)
            coming = next(waiting, None)
        while inside and inside[-1].last < vertex.id:
            inside.pop()
        if inside:
            vertex.module = inside[-1].path
