"""The graph object: what was recorded, as vertices and edges that can be walked, printed, exported and drawn.

``graph(loss)`` finds every node that led to ``loss`` - without recursion, from the recorded nodes alone - and says of
each what is known: operation, shape, dtype, value and gradient, formula, module, source line, parameter. Every
picture of this package (``draw``, ``to_html``, ``to_dot``, ``show_backward``) renders this object.
"""

from __future__ import annotations

import json
import linecache
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from .. import return_types
from ..graph import FREED, Leaf, Node, Part
from ..operation import Op
from ..tensor import Tensor, attributes_of, tensors_in
from ..views import current, last_write
from .backprop import steps
from .formulas import formulas_of
from .recording import kept
from .stats import Stats, number

__all__ = ["Edge", "Graph", "Vertex", "graph"]

TOLD = ("dim", "dims", "dim0", "dim1", "shape", "index")
"""Parameters that the head of a box says."""
SMALL = 1 << 20
"""Elements that may be computed again to show a value that nobody kept."""


class Vertex:
    """One value in the graph, and the operation that made it.

    Attributes:
        id: its place in time (the engine's clock; constants have a negative number).
        kind: "operation", "parameter" (a named leaf), "input" (a leaf without a name) or "constant".
        op: the operation's name ("mul"); "" for leaves and constants.
        name: the parameter's or variable's name, if known, else the operation's.
        shape, dtype, nbytes: of the value (a tuple of shapes for an operation with several results).
        inputs, outputs: the edges that come in and go out.
        module: the path of the nn.Module call that it happened in, such as "encoder.0"; "" outside of any.
        line: (file, line number, text) of the user's line, if it was recorded.
        params: the operation's other arguments by name ({"dim": 1}).
        formulas: for each argument, the text of the formula of its gradient.
    """

    __slots__ = (
        "dtype", "given", "graph", "id", "inputs", "kind", "module", "name", "named", "nbytes", "node", "op", "outputs", "parts",
        "shape",
    )  # fmt: skip

    def __init__(self, owner: Graph, id: int, kind: str, op: str, shape: Any, dtype: Any, node: Node | None) -> None:
        self.graph = owner
        self.id = id
        self.kind = kind
        self.op = op
        self.name = op
        self.named = False
        self.given = False  # named by the caller of graph(), and no parameter of a module
        self.shape = shape
        self.dtype = dtype
        self.nbytes = _bytes(shape, dtype)
        self.inputs: list[Edge] = []
        self.outputs: list[Edge] = []
        self.module = ""
        self.node = node
        self.parts: list[Node] = []  # of an operation with several results, those that were used

    @property
    def value(self) -> Stats | None:
        """The value, where it is known: from a recording, a leaf, a saved array, or computed again."""
        return self.graph.value(self)

    @property
    def grad(self) -> Stats | None:
        """The gradient of the root with respect to this value, where it is known or can still be computed."""
        return self.graph.gradient(self)

    @property
    def params(self) -> dict[str, Any]:
        """The operation's arguments that are not arrays."""
        if self.node is None or self.node.op is None or not self.node.params:
            return {}
        return dict(zip(self.node.op.params, self.node.params, strict=False))

    @property
    def hooks(self) -> int:
        """How many hooks are registered on this value or its node."""
        noted = [node.notes for node in (self.node, *self.parts) if node is not None and node.notes is not None]
        return sum(len(found or ()) for notes in noted for found in (notes.hooks, notes.before, notes.after))

    @property
    def formulas(self) -> dict[str, str]:
        """The text of the gradient formula of each argument."""
        return formulas_of(None if self.node is None else self.node.op)

    @property
    def line(self) -> tuple[str, int, str] | None:
        """File, number and text of the source line, if a recording was on."""
        notes = None if self.node is None else self.node.notes
        trace = None if notes is None else notes.trace
        found = trace.get("line") if isinstance(trace, dict) else None
        return None if found is None else (found[0], found[1], linecache.getline(*found).strip())

    @property
    def parameter(self) -> str | None:
        """The name of the parameter that this leaf is."""
        return self.name if self.kind == "parameter" else None

    def __repr__(self) -> str:
        what = self.name if not self.op or self.name == self.op else f"{self.name} = {self.op}"
        return f"<{self.kind} {what} {shape_text(self.shape)}>"


class Edge:
    """``source`` is an argument (called ``argument``) of ``target``; ``output`` says which result of several."""

    __slots__ = ("argument", "output", "source", "target")

    def __init__(self, source: Vertex, target: Vertex, argument: str, output: int = 0) -> None:
        self.source = source
        self.target = target
        self.argument = argument
        self.output = output

    @property
    def result(self) -> str:
        """Which result of several goes this way: its name ("U") or number; "" where there is only one."""
        shapes = self.source.shape
        if not shapes or not isinstance(shapes[0], tuple):
            return ""
        names: tuple[str, ...] = getattr(getattr(return_types, self.source.op, None), "_fields", ())
        if self.source.op == "recurrence":
            names = ("output", "h", "c")[: len(shapes)]
        return names[self.output] if len(names) == len(shapes) else str(self.output)

    def __repr__(self) -> str:
        return f"<{self.source.name} -> {self.target.name}.{self.argument}>"


class Graph:
    """The recorded graph of a result: ``nodes`` in the order of time, ``edges``, and the ``root`` (of several results
    the ``roots``, and the latest).

    >>> import autograd
    >>> x = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> g = graph((x * x).sum(), params={"x": x})
    >>> g
    <Graph of 3 nodes: 2 operations, 1 parameter, 0 constants>
    >>> [node.name for node in g]
    ['x', 'mul', 'sum']
    >>> g.find("x").grad.text, g.root.inputs[0].source.value.text
    ('[2. 4.]', '[1. 4.]')
    """

    def __init__(self, outputs: Mapping[str, Tensor], params: Mapping[str, Any] | None = None) -> None:
        found = {name: node for name, tensor in outputs.items() if (node := current(tensor)) is not None}
        if not found:
            shapes = ", ".join(str(list(tensor.shape)) for tensor in outputs.values())
            raise RuntimeError(
                f"there is no graph to show: this tensor of shape {shapes} was not computed from any "
                "tensor with requires_grad=True (or under no_grad, or it was detached)"
            )
        self.root_nodes = list(dict.fromkeys(found.values()))
        self._by_id: dict[int, Vertex] = {}
        self._constants: dict[int, tuple[Vertex, Any]] = {}  # by id() of the array, which the tuple keeps alive
        self._arrays: dict[int, Any] | None = None
        self._cotangents: dict[int, Any] | None = None
        self._stats: dict[tuple[str, int], Stats | None] = {}
        self._results = {found[name].id: outputs[name].array for name in found}
        self._freed = False
        self.stopped = ""  # the error that ended the search for gradients
        self.gone = 0  # calls of modules that no longer exist
        self._collect(self.root_nodes)
        whole = [node.parents[0] if type(node) is Part else node for node in self.root_nodes]
        self.roots = sorted({self._by_id[node.id] for node in whole if node is not None}, key=lambda v: v.id)
        self.root = self.roots[-1]
        from .modules import find_calls

        if not isinstance(params, (Mapping, NoneType)):
            raise TypeError(
                f"params must be a dictionary {{name: Tensor or Module}}, such as dict(model.named_parameters()); got "
                f"{type(params).__name__}"
            )
        models = {name: model for name, model in (params or {}).items() if hasattr(model, "named_modules")}
        self.calls = find_calls(self, models)
        self._name({name: tensor for name, tensor in (params or {}).items() if name not in models}, models, found)

    # --- walking ---

    @property
    def nodes(self) -> list[Vertex]:
        """All vertices, constants first where they are used, each after everything that it depends on."""
        return self._nodes

    @property
    def edges(self) -> list[Edge]:
        """All edges, in the order of their targets."""
        return [edge for vertex in self._nodes for edge in vertex.inputs]

    @property
    def operations(self) -> list[Vertex]:
        """The vertices that are operations, oldest first."""
        return [v for v in self._nodes if v.kind == "operation"]

    @property
    def parameters(self) -> list[Vertex]:
        """The leaves: where gradients end up, named or not."""
        return [v for v in self._nodes if v.kind in ("parameter", "input")]

    def find(self, name: str) -> Vertex:
        """The vertex of this name (parameter, variable) or, failing that, the latest operation called so.

        Raises KeyError, with the names there are.
        """
        for vertex in reversed(self._nodes):
            if vertex.named and vertex.name == name:
                return vertex
        for vertex in reversed(self._nodes):
            if vertex.name == name:
                return vertex
        names = sorted({v.name for v in self._nodes})
        raise KeyError(
            f"no node is called {name!r}; there are {', '.join(names[:20])}{' ...' if len(names) > 20 else ''}"
        )

    def path(self, source: Vertex | str) -> list[Vertex]:
        """The vertices on some way from ``source`` to the root: everything its gradient passes through."""
        start = self.find(source) if isinstance(source, str) else source
        seen = {start.id: start}
        stack = [start]
        while stack:
            for edge in stack.pop().outputs:
                if edge.target.id not in seen:
                    seen[edge.target.id] = edge.target
                    stack.append(edge.target)
        return sorted(seen.values(), key=lambda v: v.id)

    def __iter__(self) -> Iterator[Vertex]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __repr__(self) -> str:
        leaves = len(self.parameters)
        constants = sum(v.kind == "constant" for v in self._nodes)
        parts = (
            counted(len(self.operations), "operation"),
            counted(leaves, "parameter"),
            counted(constants, "constant"),
        )
        return f"<Graph of {counted(len(self), 'node')}: {', '.join(parts)}>"

    # --- values and gradients ---

    @property
    def released(self) -> bool:
        """Whether gradients are missing since backward released the saved arrays."""
        return self._freed and self.cotangent(self.root) is None

    def array(self, vertex: Vertex) -> Any:
        """The value of a vertex as an array (of several results a tuple), or None where it is not known."""
        if self._arrays is None:
            self._arrays = self._known_arrays()
        return self._arrays.get(vertex.id)

    def value(self, vertex: Vertex) -> Stats | None:
        """Statistics of the value of a vertex, or None."""
        return self._stat("value", vertex, self.array(vertex))

    def cotangent(self, vertex: Vertex) -> Any:
        """The gradient of the root with respect to this vertex as an array, or None."""
        node = vertex.node
        if node is None:
            return None
        given = node.grad if type(node) is Leaf else None
        if given is None and node.notes is not None and node.notes.grad:
            given = node.notes.grad[0]
        if given is not None:
            return given.array
        if self._cotangents is None:
            self._cotangents = self._pull_back()
        return self._cotangents.get(vertex.id)

    def gradient(self, vertex: Vertex) -> Stats | None:
        """Statistics of the gradient with respect to a vertex, or None."""
        return self._stat("grad", vertex, self.cotangent(vertex))

    def _stat(self, what: str, vertex: Vertex, array: Any) -> Stats | None:
        key = (what, vertex.id)
        if key not in self._stats:
            ok = array is not None and not isinstance(array, (tuple, list))
            self._stats[key] = Stats(array) if ok else None
        return self._stats[key]

    def _pull_back(self) -> dict[int, Any]:
        """What backward would give each node, computed without touching anything, while the graph still can."""
        found: dict[int, Any] = {}
        if self._freed:
            return found
        try:
            for step in steps(*self.root_nodes):
                if not isinstance(step.g, tuple):
                    found[step.node.id] = step.g
        except Exception as error:  # overwritten, or a Function of the user's: what is newer is still right
            self.stopped = f"{type(error).__name__}: {error}".splitlines()[0]
        return found

    def _known_arrays(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for vertex, array in self._constants.values():
            found[vertex.id] = array
        found.update(self._results)
        for vertex in self._nodes:
            node = vertex.node
            if node is None:
                continue
            if isinstance(node, Leaf):
                variable = node.variable
                if variable is not None:
                    found[vertex.id] = variable.array
                continue
            recorded = kept(node)
            if recorded is not None and _unwritten(recorded.result, node):
                found[vertex.id] = recorded.result
            saved = node.saved
            if not saved or saved is FREED or node.op is None:
                continue
            if saved[-1] is not None and node.op.outputs == 1 and _unwritten(saved[-1], node):
                found.setdefault(vertex.id, saved[-1])
            for parent, array in zip(node.parents, saved[:-1], strict=False):
                if parent is None or array is None or type(parent) is Leaf:
                    continue
                if (
                    np.shape(array) == parent.shape
                    and np.asarray(array).dtype == parent.dtype
                    and _unwritten(array, node)
                ):
                    found.setdefault(parent.id, array)
        self._compute_again(found)
        return found

    def _compute_again(self, found: dict[int, Any]) -> None:
        """Fill the gaps by calling operations again on values that are known, if the graph is small."""
        missing = [v for v in self._nodes if v.kind == "operation" and v.id not in found]
        if sum(v.nbytes // 4 for v in missing) > SMALL:
            return
        from ..forward_pass import apply

        modules = {call.path: call.module for call in self.calls}
        for vertex in missing:
            node = vertex.node
            assert node is not None
            op = node.op
            if not isinstance(op, Op) or op.varargs or (node.saved is FREED and op.params):
                continue
            by_name = {edge.argument: _result(found.get(edge.source.id), edge.output) for edge in vertex.inputs}
            arguments = [by_name.get(name) for name in op.arrays]
            inside = modules.get(vertex.module)
            if any(a is None and not _lacks(inside, name) for a, name in zip(arguments, op.arrays, strict=True)):
                continue
            try:
                with np.errstate(all="ignore"):
                    value = apply(op, arguments, node.params)
                if isinstance(node.dtype, tuple):
                    value = tuple(map(np.asarray, value))
                else:
                    value = np.asarray(value, node.dtype)
                if (tuple(v.shape for v in value) if isinstance(value, tuple) else value.shape) == node.shape:
                    found[vertex.id] = value
            except Exception:
                continue

    # --- building ---

    def _collect(self, roots: list[Node]) -> None:
        found: dict[int, Node] = {}
        stack = list(roots)
        while stack:
            node = stack.pop()
            if node.id not in found:
                found[node.id] = node
                stack.extend([p for p in node.parents if p is not None and p.id not in found])
        self._nodes: list[Vertex] = []
        for id in sorted(found):
            node = found[id]
            if type(node) is Part:
                assert node.parents[0] is not None
                self._by_id[node.parents[0].id].parts.append(node)
                continue
            op = _name_of(node)
            vertex = Vertex(self, id, "operation" if op else "input", op, node.shape, node.dtype, node)
            if node.saved is FREED:
                self._freed = True
            if node.op is not None:
                self._connect(vertex, node)
            else:
                vertex.name = "x"
            self._by_id[id] = vertex
            self._nodes.append(vertex)

    def _connect(self, vertex: Vertex, node: Node) -> None:
        op = node.op
        assert op is not None
        recorded = kept(node)
        for i, parent in enumerate(node.parents):
            argument = argument_name(op, i)
            if parent is None:
                source, output = self._constant(node, i, recorded), 0
            elif type(parent) is Part:
                whole = parent.parents[0]
                assert whole is not None
                source, output = self._by_id[whole.id], parent.params[0]
            else:
                source, output = self._by_id[parent.id], 0
            if source is not None:
                edge = Edge(source, vertex, argument, output)
                vertex.inputs.append(edge)
                source.outputs.append(edge)

    def _constant(self, node: Node, i: int, recorded: Any) -> Vertex | None:
        """The vertex of an argument that is no node, if its value is still to be had."""
        saved = node.saved
        array = saved[i] if saved and saved is not FREED and i < len(saved) - 1 else None
        if array is None and recorded is not None and i < len(recorded.arguments):
            array = recorded.arguments[i]
        if array is None or not isinstance(array, (np.ndarray, np.generic, int, float, complex)):
            return None
        key = id(array) if isinstance(array, np.ndarray) and array.ndim else -len(self._constants) - 1
        if key not in self._constants:
            shape = np.shape(array)
            dtype = getattr(array, "dtype", None) or (node.dtype if op_is_single(node) else np.asarray(array).dtype)
            vertex = Vertex(self, -len(self._constants) - 1, "constant", "", shape, dtype, None)
            argument = "constant" if node.op is None else argument_name(node.op, i)
            vertex.name = "constant" if argument.partition("[")[0] in ("input", "other") else argument
            self._constants[key] = (vertex, array)
            self._nodes.append(vertex)
        return self._constants[key][0]

    def _name(self, params: Mapping[str, Tensor], models: Mapping[str, Any], results: Mapping[str, Node]) -> None:
        names: dict[int, str] = {}
        given: set[int] = set()
        whole = {id(model): (model, name) for name, model in models.items()}
        whole |= {
            id(call.module): (call.module, call.prefix)
            for call in self.calls
            if call.module is not None and call.outermost
        }
        for module, prefix in whole.values():
            for name, parameter in module.named_parameters(prefix=prefix):
                node = current(parameter)
                if node is not None:
                    names.setdefault(node.id, name)
            for name, tensor in [*module.named_parameters(prefix=prefix), *module.named_buffers(prefix=prefix)]:
                constant = self._constants.get(id(tensor.array), (None, None))[0]
                if constant is not None:  # frozen, or a buffer
                    constant.name, constant.named = name, True
        for name, tensor in params.items():
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"params must map names to Tensors and Modules; {name!r} is of type {type(tensor).__name__}"
                )
            node = current(tensor)
            if node is not None:
                given |= set() if node.id in names else {node.id}
                names[node.id] = name
            else:
                for constant, array in self._constants.values():
                    if array is tensor.array or _same_data(array, tensor.array):
                        constant.name, constant.named, constant.given = name, True, True
        for name, node in results.items():
            if name:
                names.setdefault(node.id, name)
        for id_, name in names.items():
            vertex = self._by_id.get(id_)
            if vertex is not None:
                vertex.name, vertex.named, vertex.given = name, True, id_ in given
                if vertex.kind == "input":
                    vertex.kind = "parameter"

    # --- exporting ---

    def to_dict(self, values: bool = True) -> dict[str, Any]:
        """The graph as plain data: what ``to_json`` writes."""
        return {
            "root": self.root.id,
            "nodes": [describe(v, values) for v in self._nodes],
            "edges": [
                {"source": e.source.id, "target": e.target.id, "argument": e.argument, "output": e.output}
                for e in self.edges
            ],
        }

    def to_json(self, path: Any = None, values: bool = True, indent: int | None = None) -> str:
        """The whole graph as JSON text, written to ``path`` too if given."""
        return written(json.dumps(self.to_dict(values), indent=indent), path)

    def to_dot(self, path: Any = None, **options: Any) -> str:
        """The picture that ``draw`` makes, as text in Graphviz's language; needs nothing installed."""
        from .dot import dot_text

        return written(dot_text(self, **options), path)

    def to_html(self, path: Any = None, **options: Any) -> str:
        """An interactive page, whole in itself: pan, zoom, search, open and close modules, follow a parameter."""
        from .page import page

        return written(page(self, **options), path)

    def draw(self, **options: Any) -> Any:
        """A ``graphviz.Digraph`` of the graph; see ``autograd.visualize.draw``."""
        from .dot import draw

        return draw(self, **options)

    def _repr_html_(self) -> str:
        from .page import embedded

        return embedded(self)


def graph(output: Any, params: Mapping[str, Any] | None = None) -> Graph:
    """The graph that led to ``output``, as an object to walk, export and draw.

    Args:
        output: a Tensor that was computed from tensors with ``requires_grad=True`` (or a Graph, returned as it is); or
            several of them, as a model returns them: in a dictionary, a tuple, an object. They are named by their
            places in it, and gradients are those of the sum of all.
        params: names for tensors, and for Modules that were called: ``{"x": x, "critic": critic}``. The parameters of
            a Module are named without it.

    Values are shown where they are known: leaves, what formulas saved, what a ``recording`` kept, and in a small graph
    whatever can be computed from those. Gradients are ``.grad`` where there is one; before ``backward`` they are
    computed for the picture, and nothing is accumulated. Draw before ``backward`` (or inside ``recording()``) to
    see everything: backward releases the saved arrays.

    Raises TypeError for anything else, RuntimeError where nothing was recorded.

    >>> import autograd
    >>> a = autograd.tensor(2.0, requires_grad=True)
    >>> b = autograd.tensor(-3.0, requires_grad=True)
    >>> g = graph(a * b + a, params={"a": a, "b": b})
    >>> [(v.name, v.value.text, v.grad.text) for v in g]
    [('a', '2.0', '-2.0'), ('b', '-3.0', '2.0'), ('mul', '-6.0', '1.0'), ('add', '-4.0', '1.0')]
    """
    if isinstance(output, Graph):
        return output
    if not isinstance(output, Tensor):
        outputs = {} if hasattr(output, "named_modules") else dict(_named(output))
        if not outputs:
            cure = ": call it, and draw what it returns" if hasattr(output, "named_modules") else ""
            raise TypeError(f"graph() shows where a Tensor came from; got {type(output).__name__}{cure}")
        return Graph(outputs, params)
    return Graph({"": output}, params)


def _named(value: Any, name: str = "", depth: int = 5) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a result, named by where in it they are: "loss", "aux[0]", "state.hidden"."""
    if isinstance(value, Tensor):
        yield name, value
    elif depth and tensors_in(value):
        if isinstance(value, Mapping):
            parts = [(f"{name}[{key!r}]" if name else str(key), part) for key, part in value.items()]
        elif isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
            parts = [(f"{name}[{i}]", part) for i, part in enumerate(value)]
        else:
            fields = (
                zip(value._fields, value, strict=True) if hasattr(value, "_fields") else attributes_of(value).items()
            )
            parts = [(f"{name}.{key}" if name else key, part) for key, part in fields]
        for inner, part in parts:
            yield from _named(part, inner, depth - 1)


def describe(vertex: Vertex, values: bool = True) -> dict[str, Any]:
    """One vertex as plain data."""
    found: dict[str, Any] = {
        "id": vertex.id,
        "kind": vertex.kind,
        "op": vertex.op,
        "name": vertex.name,
        "shape": _plain_shape(vertex.shape),
        "dtype": _dtype_text(vertex.dtype),
        "bytes": vertex.nbytes,
    }
    if vertex.module:
        found["module"] = vertex.module
    params = {k: short(v) for k, v in vertex.params.items() if v is not None}
    if params:
        found["params"] = params
    if vertex.line is not None:
        found["line"] = list(vertex.line)
    if values:
        for key in ("value", "grad"):
            stats = getattr(vertex, key)
            if stats is not None:
                found[key] = stats.to_dict()
    return found


def title(v: Vertex) -> str:
    """The name in the head of a box, with the parameters that say what the operation does."""
    if not v.op:
        return v.name if v.named or v.kind == "constant" else v.kind  # a constant is named by what takes it
    told = {k: p for k, p in v.params.items() if k in TOLD and p is not None and p != v.shape}  # the shape has its row
    said = [short(p, 28) if k == "index" else f"{k}={short(p, 24)}" for k, p in told.items()]
    if v.op == "copy_slices":
        indices = [parameters[0] for op, parameters in v.params["path"] if op.name == "slice"]
        saved = v.node.saved if v.node is not None else None
        if saved and saved is not FREED and saved[2] is not ...:  # index is the third array of overwrite
            indices.append(saved[2])
        said = ["".join(map(index_text, indices))]
    text = f"{v.op} {', '.join(said)}".rstrip()
    return f"{v.name} = {text}" if v.named else text


def constant_text(v: Vertex) -> str:
    """A constant number in the digits that a program writes."""
    return number(np.asarray(v.graph.array(v)).item(), 7)


def counted(n: int, noun: str) -> str:
    """``1 operation``, ``2,000 operations``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def missing_text(g: Graph) -> str:
    """What pictures say where something can't be shown any more: the names of modules, the gradients of values."""
    said = []
    if g.gone:
        said.append(
            f"{counted(g.gone, 'module call')} can't be named: the module is gone. Keep the model in a variable"
        )
    if g.released:
        said.append("backward() has released what the missing gradients need. Draw before it, or inside recording()")
    if g.stopped:
        said.append(f"Gradients are missing from where backward raised {clipped(g.stopped, 300)}")
    return ". ".join(said)


def clipped(text: str, limit: int) -> str:
    """The beginning of a text that is too long."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def argument_name(op: Any, i: int) -> str:
    """What an operation calls its ``i``-th array argument; ``input[2]`` where it takes any number of them."""
    arrays: tuple[str, ...] = getattr(op, "arrays", ())
    return arrays[i] if i < len(arrays) else f"{arrays[0] if arrays else 'input'}[{i}]"


def _name_of(node: Node) -> str:
    """What the program called the operation: the elements that ``topk`` found are picked as those of ``sort`` are."""
    if node.op is None:
        return ""
    if node.op.name == "pick" and node.params:
        return str(dict(zip(node.op.params, node.params, strict=False)).get("by", "pick"))
    return node.op.name


def op_is_single(node: Node) -> bool:
    """Whether a node has one result, whose dtype a Python number takes on."""
    return node.op is not None and node.op.outputs == 1


def short(value: Any, limit: int = 60) -> str:
    """A parameter of an operation in few characters."""
    if isinstance(value, np.ndarray):
        return f"array {list(value.shape)}"
    if callable(value):
        return getattr(value, "__name__", "function")
    sliced = isinstance(value, tuple) and any(isinstance(i, slice) or i is Ellipsis for i in value)
    text = index_text(value) if sliced or isinstance(value, slice) else repr(value)
    return clipped(text, limit)


def index_text(index: Any) -> str:
    """An index as a program writes it.

    >>> index_text((slice(None), slice(4, 8), None, Ellipsis))
    '[:, 4:8, None]'
    """
    parts = list(index) if isinstance(index, tuple) else [index]
    if len(parts) > 1 and parts[-1] is Ellipsis:
        parts.pop()
    return f"[{', '.join(map(_index_part, parts))}]"


def _index_part(part: Any) -> str:
    if isinstance(part, slice):
        ends = [("" if n is None else str(n)) for n in (part.start, part.stop)]
        return ":".join(ends if part.step in (None, 1) else [*ends, str(part.step)])
    return "..." if part is Ellipsis else short(part, 16)


def shape_text(shape: Any) -> str:
    """``[2, 3]``; several shapes are joined by commas, a scalar is ``[]``."""
    if shape and isinstance(shape[0], (tuple, list)):
        return ", ".join(map(shape_text, shape))
    return "[" + ", ".join(map(str, shape)) + "]"


def _plain_shape(shape: Any) -> Any:
    return [_plain_shape(n) if isinstance(n, (tuple, list)) else int(n) for n in shape]


def _dtype_text(dtype: Any) -> str:
    return ", ".join(sorted({np.dtype(d).name for d in dtype})) if isinstance(dtype, tuple) else np.dtype(dtype).name


def _bytes(shape: Any, dtype: Any) -> int:
    if isinstance(dtype, tuple):
        return sum(map(_bytes, shape, dtype))
    n = np.dtype(dtype).itemsize
    for k in shape:
        n *= k
    return int(n)


def _unwritten(array: Any, node: Node) -> bool:
    """Whether an array is as it was when ``node`` was recorded."""
    if not isinstance(array, np.ndarray):
        return not isinstance(array, tuple)
    write = last_write(array)
    return write is None or bool(write.time < node.id)  # type: ignore[attr-defined, unused-ignore]


def _lacks(module: Any, name: str) -> bool:
    """Whether a module was made without a parameter, as ``Linear(3, 2, bias=False)``: then nobody gave the operation one."""
    return module is not None and name in getattr(module, "_parameters", {}) and getattr(module, name) is None


def _same_data(a: Any, b: Any) -> bool:
    """Whether two arrays are the same elements in the same memory, one perhaps in another shape."""
    return (
        isinstance(a, np.ndarray)
        and (a.size, a.dtype) == (b.size, b.dtype)
        and a.size > 0
        and np.lib.array_utils.byte_bounds(a) == np.lib.array_utils.byte_bounds(b)
    )


def _result(value: Any, output: int) -> Any:
    """The value of a vertex, or one of several."""
    return value[output] if isinstance(value, tuple) else value


def written(text: str, path: Any) -> str:
    """The text, in a file too if there is a path."""
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    return text
