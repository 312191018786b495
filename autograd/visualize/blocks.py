"""A graph as a tree of blocks, so that a big one can be read: modules, repetitions, and what was left out.

Everything rests on one fact: operations are numbered in the order of time, and a block - the call of a module, one turn
of a loop, "+N more" - is an *interval* of them. Intervals nest, so there is a tree; and closing any set of them leaves
a graph without cycles, so every picture of it can be laid out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from .graphs import Graph, Vertex

__all__ = ["Block", "alike", "example", "results", "tree"]

CAP = 24
"""Items that an open block shows, when it has more: the first and last half, and "+N more" between."""
MAX_PERIOD = 40


class Block:
    """An interval of operations that is drawn as one box when closed.

    ``kind`` is "graph" (all), "module", "repeat" (``count`` equal items), "turn" (one of them), "more" or "leaves".
    ``items`` are vertices and blocks in the order of time; ``leaves`` the parameters and constants used only here.
    """

    __slots__ = ("count", "items", "kind", "leaves", "name", "parent", "path", "signature", "size")

    def __init__(self, kind: str, name: str, items: list[Any] | None = None, path: str = "", count: int = 1) -> None:
        self.kind = kind
        self.name = name
        self.path = path
        self.items: list[Any] = [] if items is None else items
        self.leaves: list[Any] = []
        self.count = count
        self.parent: Block | None = None
        self.signature = -1
        self.size = 0

    def vertices(self) -> Iterator[Vertex]:
        """All vertices inside, leaves included."""
        stack: list[Any] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, Vertex):
                yield item
            else:
                stack.extend(reversed(item.items))
                stack.extend(item.leaves)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name} of {len(self.items)} items>"


def tree(graph: Graph, fold: bool = True, cap: int = CAP) -> Block:
    """The blocks of a graph: module calls, then (``fold``) repeated items joined, then long lists shortened."""
    root = _modules(graph)
    blocks = _postorder(root)
    codes: dict[Any, int] = {}
    for block in blocks:
        if fold:
            block.items = _fold(block.items, [_signature(item, codes) for item in block.items])
        block.signature = codes.setdefault(_contents(block, codes), len(codes))
    for block in _postorder(root):
        block.items = shorten(block.items, cap)
    for block in _postorder(root):
        for item in block.items:
            if isinstance(item, Block):
                item.parent = block
    _place_leaves(graph, root, cap)
    for block in _postorder(root):
        block.size = sum(item.size if isinstance(item, Block) else 1 for item in block.items)
    return root


def type_name(block: Block) -> str:
    """What two blocks must share to be called equal, besides their items: the type, not the number."""
    return "" if block.kind == "turn" else block.name.rpartition(": ")[2]


def example(repeat: Block) -> Any:
    """The item of a repetition that is drawn for all: the first, but of a loop the fullest, since a loop begins with
    constants that later turns compute."""
    kin = [item for item in repeat.items if not isinstance(item, Block) or item.kind != "more"]
    first = kin[0]
    if isinstance(first, Vertex):
        return first
    return max((item for item in kin if item.path == first.path), key=lambda item: item.size)


def _modules(graph: Graph) -> Block:
    root = Block("graph", "graph")
    inside: list[tuple[Block, float]] = [(root, float("inf"))]
    calls = iter(graph.calls)
    coming = next(calls, None)
    for vertex in graph.nodes:
        if vertex.kind != "operation":
            continue
        while coming is not None and coming.first < vertex.id:
            _leave(inside, coming.last)
            block = Block("module", coming.title, path=coming.path)
            inside[-1][0].items.append(block)
            inside.append((block, coming.last))
            coming = next(calls, None)
        _leave(inside, vertex.id)
        inside[-1][0].items.append(vertex)
    for block in _postorder(root):
        block.items = [item for item in block.items if isinstance(item, Vertex) or item.items]
    return root


def _leave(inside: list[tuple[Block, float]], id: float) -> None:
    while inside[-1][1] < id:
        inside.pop()


def _postorder(root: Block) -> list[Block]:
    """All blocks, inner ones first."""
    found, stack = [], [root]
    while stack:
        block = stack.pop()
        found.append(block)
        stack.extend([item for item in block.items if isinstance(item, Block)])
    return found[::-1]


def _contents(block: Block, codes: dict[Any, int]) -> Any:
    """What makes two blocks equal. Modules are if their kinds, parameters and inner modules are: the first layer of a
    stack may do an operation less than the others, since its input needs no gradient."""
    inner = tuple(_signature(item, codes) for item in block.items if isinstance(item, Block))
    edges = [e for item in block.items if isinstance(item, Vertex) for e in item.inputs]
    parameters = tuple(
        sorted({(e.source.id, e.source.shape) for e in edges if e.source.kind in ("parameter", "input")})
    )
    shapes = tuple(sorted(shape for _, shape in parameters))
    if block.kind == "module" and (inner or shapes):
        return block.kind, type_name(block), inner, shapes
    return block.kind, type_name(block), tuple(_signature(item, codes) for item in block.items)


def alike(items: list[Any], models: list[Any]) -> list[tuple[Any, Any, bool]]:
    """Each item with the item of ``models`` that is drawn for it, and whether it is of its kind; both are in order."""
    found: list[tuple[Any, Any, bool]] = []
    at = 0
    for item in items:
        match = next((k for k in range(at, len(models)) if _kind(models[k]) == _kind(item)), None)
        found.append((item, models[at - 1 if match is None and at else match or 0], match is not None))
        at = at if match is None else match + 1
    return found


def _kind(item: Any) -> tuple[str, str]:
    return (item.kind, type_name(item)) if isinstance(item, Block) else ("operation", item.op)


def _signature(item: Any, codes: dict[Any, int]) -> int:
    """A number that equal-looking items share: same operation and shape, made from the same operations."""
    if isinstance(item, Block):
        return item.signature
    sources = tuple((e.source.op or e.source.kind, e.argument) for e in item.inputs)
    return codes.setdefault((item.op, item.shape, sources), len(codes))


# --- repetition ----------------------------------------------------------------------------------------------------


def _fold(items: list[Any], codes: list[int]) -> list[Any]:
    """Join consecutive repetitions: at least three equal blocks, or loops of plain operations in a long list."""
    folded: list[Any] = []
    at = 0
    for start, period, count in _runs(np.array(codes), items):
        end = start + period * count
        folded.extend(items[at:start])
        folded.append(_repeat(items[start:end], codes[start:end], period, count))
        at = end
    folded.extend(items[at:])
    return folded


def _repeat(items: list[Any], codes: list[int], period: int, count: int) -> Block:
    if period == 1:
        turns = items
    else:
        cuts = [slice(k * period, (k + 1) * period) for k in range(count)]
        turns = [Block("turn", f"turn {k + 1}", _fold(items[cut], codes[cut])) for k, cut in enumerate(cuts)]
    repeat = Block("repeat", _repeat_name(turns, count), turns, count=count)
    repeat.signature = hash((tuple(codes[:period]), count))
    return repeat


def _repeat_name(turns: list[Any], count: int) -> str:
    first = turns[0]
    if isinstance(first, Vertex):
        return f"{first.op} ×{count}"
    if first.kind == "module":
        kind = first.name.rpartition(": ")[2]
        return f"{kind} ×{count}"
    ops = [item.op if isinstance(item, Vertex) else item.name.rpartition(": ")[2] for item in first.items]
    return f"{' → '.join(ops[:4])}{' …' if len(ops) > 4 else ''} ×{count}"


def _runs(codes: Any, items: list[Any]) -> list[tuple[int, int, int]]:
    """Start, period and count of the repetitions worth folding, in order and apart; those that hide most win."""
    n = len(codes)
    if n < 3:
        return []
    is_block = np.array([isinstance(item, Block) for item in items])
    found: list[tuple[int, int, int, int]] = []
    for period in sorted({*range(1, min(MAX_PERIOD, n // 3) + 1)} | _likely_periods(codes)):
        equal = np.concatenate(([0], (codes[period:] == codes[:-period]).astype(np.int8), [0]))
        edges = np.flatnonzero(np.diff(equal))
        firsts, lasts = edges[::2], edges[1::2]
        long = lasts - firsts >= 2 * period
        for first, last in zip(firsts[long].tolist(), lasts[long].tolist(), strict=True):
            count = (last - first) // period + 1
            if is_block[first : first + period].any() or (count * period >= 12 and n > CAP):
                found.append(((count - 1) * period, first, period, count))
    taken = np.zeros(n, bool)
    chosen = []
    for _, first, period, count in sorted(found, key=lambda run: (-run[0], run[2], run[1])):
        if not taken[first : first + period * count].any():
            taken[first : first + period * count] = True
            chosen.append((first, period, count))
    return sorted(chosen)


def _likely_periods(codes: Any) -> set[int]:
    """Distances at which the rarer items come again: the periods of long loops."""
    found: set[int] = set()
    n = len(codes)
    if n < 3 * MAX_PERIOD:
        return found
    kinds, counts = np.unique(codes, return_counts=True)
    rare = [int(k) for k, c in sorted(zip(kinds, counts, strict=True), key=lambda pair: pair[1]) if c >= 3][:4]
    for kind in rare:
        gaps = np.diff(np.flatnonzero(codes == kind))
        found.update(int(gap) for gap, _ in Counter(gaps.tolist()).most_common(2) if MAX_PERIOD < gap <= n // 3)
    return found


# --- shortening ----------------------------------------------------------------------------------------------------


def shorten(items: list[Any], cap: int) -> list[Any]:
    """A long list as its beginning, "+N more", and its end; inside of "more", equal chunks, and so on."""
    if len(items) <= cap + cap // 4:  # a few more are no longer than the words for them
        return items
    half = max(1, (cap - 1) // 2)
    middle = items[half:-half]
    more = Block("more", f"+{count_vertices(middle):,} more", _chunks(middle, cap))
    return [*items[:half], more, *items[-half:]]


def _chunks(items: list[Any], cap: int) -> list[Any]:
    if len(items) <= cap:
        return items
    size = -(-len(items) // cap)
    parts = [items[i : i + size] for i in range(0, len(items), size)]
    return [
        part[0] if len(part) == 1 else Block("more", f"{count_vertices(part):,} more", _chunks(part, cap))
        for part in parts
    ]


def count_vertices(items: list[Any]) -> int:
    """How many operations there are in a list of vertices and blocks."""
    n, stack = 0, list(items)
    while stack:
        item = stack.pop()
        if isinstance(item, Vertex):
            n += 1
        else:
            stack.extend(item.items)
    return n


def results(block: Block) -> list[Any]:
    """The shapes of what a block hands on."""
    inside = {v.id: v for v in block.vertices()}
    made = [v for v in inside.values() if v.kind == "operation"]
    return [v.shape for v in made if not v.outputs or any(edge.target.id not in inside for edge in v.outputs)]


# --- leaves --------------------------------------------------------------------------------------------------------


def _place_leaves(graph: Graph, root: Block, cap: int) -> None:
    """Put every parameter and constant into the innermost block that has all its uses, what the caller gave outside."""
    home: dict[int, Block] = {}
    for block in _postorder(root):
        for item in block.items:
            if isinstance(item, Vertex):
                home[item.id] = block
    depth: dict[int, int] = {id(root): 0}
    for block in reversed(_postorder(root)):
        for item in block.items:
            if isinstance(item, Block):
                depth[id(item)] = depth[id(block)] + 1
    for vertex in graph.nodes:
        if vertex.kind == "operation":
            continue
        place = root if vertex.given else None
        for edge in vertex.outputs if place is None else ():
            user = home.get(edge.target.id, root)
            place = user if place is None else _common(place, user, depth)
        (place or root).leaves.append(vertex)
    for block in _postorder(root):
        if len(block.leaves) > cap:
            rest = block.leaves[cap - 1 :]
            more = Block("leaves", f"+{len(rest):,} more leaves")
            more.leaves, more.parent = rest, block
            block.leaves = [*block.leaves[: cap - 1], more]


def _common(a: Block, b: Block, depth: dict[int, int]) -> Block:
    while a is not b:
        if depth[id(a)] >= depth[id(b)]:
            assert a.parent is not None
            a = a.parent
        else:
            assert b.parent is not None
            b = b.parent
    return a
