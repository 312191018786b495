"""A model as a table: layers, output shapes, parameters, multiply-adds, memory."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from typing import Any

from .. import dtypes
from ..creation import zeros
from ..graph import no_grad
from ..tensor import Tensor, tensors_in
from .stats import bytes_text

__all__ = ["Row", "Summary", "summary"]


class Row:
    """One module: its ``name`` and ``depth`` in the tree, ``kind``, the shapes that went ``input`` and came ``output``,
    ``params`` (own and inner, each counted once), ``mult_adds`` (own), and ``bytes`` of the output."""

    __slots__ = ("bytes", "depth", "input", "kind", "mult_adds", "name", "output", "params", "shared")

    def __init__(self, name: str, depth: int, kind: str) -> None:
        self.name, self.depth, self.kind = name, depth, kind
        self.input: list[int] | None = None
        self.output: list[int] | None = None
        self.params = self.mult_adds = self.bytes = 0
        self.shared = False


def folded(rows: list[Row]) -> Iterator[tuple[Row, str]]:
    """The rows to print. Of three or more equal neighbours in a list it is the first, with the range of their numbers."""
    at = 0
    while at < len(rows):
        kin = [at, _end(rows, at)]
        model = _told(rows, *kin)
        while kin[-1] < len(rows) and _told(rows, kin[-1], _end(rows, kin[-1])) == model:
            kin.append(_end(rows, kin[-1]))
        if len(kin) > 3 and rows[at].name.isdigit():
            yield rows[at], f"{rows[at].name}-{rows[kin[-2]].name}"
            yield from folded(rows[at + 1 : kin[1]])
            at = kin[-1]
        else:
            yield rows[at], ""
            at += 1


def _end(rows: list[Row], at: int) -> int:
    """Where the rows inside of a row end."""
    return next((k for k in range(at + 1, len(rows)) if rows[k].depth <= rows[at].depth), len(rows))


def _told(rows: list[Row], at: int, end: int) -> list[Any]:
    """What the table says of a row and those inside, but for the row's number."""
    inside = [(row.name, row.depth, row.kind, row.output, row.params, row.mult_adds) for row in rows[at:end]]
    return [inside[0][1:], *inside[1:]]


class Summary:
    """What ``summary`` found. ``print`` it, or let a notebook show it as a table.

    ``rows``, ``total_params``, ``trainable_params``, ``mult_adds``, ``param_bytes``, ``output_bytes``.
    """

    def __init__(self, title: str, rows: list[Row], total: int, trainable: int, param_bytes: int) -> None:
        self.title = title
        self.rows = rows
        self.total_params = total
        self.trainable_params = trainable
        self.param_bytes = param_bytes
        self.mult_adds = sum(row.mult_adds for row in rows)
        leaves = [row for i, row in enumerate(rows) if i + 1 == len(rows) or rows[i + 1].depth <= row.depth]
        self.output_bytes = sum(row.bytes for row in leaves)

    def _cells(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        for row, many in folded(self.rows):
            params = f"{row.params:,}" if row.params else "(shared)" if row.shared else "-"
            shape = "-" if row.output is None else str(row.output)
            name = f"{many or row.name}: {row.kind}" if row.name else row.kind
            if many:
                name += " (each)"
            yield row.depth, (name, shape, params, f"{row.mult_adds:,}" if row.mult_adds else "-")

    def _feet(self) -> list[tuple[str, str]]:
        frozen = self.total_params - self.trainable_params
        return [
            ("parameters", f"{self.total_params:,}" + (f" ({frozen:,} frozen)" if frozen else "")),
            ("multiply-adds", f"{self.mult_adds:,}"),
            ("memory", f"parameters {bytes_text(self.param_bytes)}, outputs {bytes_text(self.output_bytes)}"),
        ]

    def __repr__(self) -> str:
        head = ("layer", "output shape", "parameters", "multiply-adds")
        rows = [(("  " * depth + cells[0]), *cells[1:]) for depth, cells in self._cells()]
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(4)]

        def line(row: Sequence[str]) -> str:
            texts = [row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3].rjust(widths[3])]
            return "  ".join(texts).rstrip()

        rule = "-" * (sum(widths) + 6)
        feet = [f"{name}: {text}" for name, text in self._feet()]
        return "\n".join([line(head), rule, *map(line, rows), rule, *feet])

    def _repr_html_(self) -> str:
        style = "padding:2px 14px 2px 0;text-align:left;font-variant-numeric:tabular-nums"
        number = style.replace("left", "right")
        head = "".join(
            f'<th style="{s}">{t}</th>'
            for t, s in (("layer", style), ("output shape", style), ("parameters", number), ("multiply-adds", number))
        )
        body = ""
        for depth, (name, shape, params, adds) in self._cells():
            indent = style + f";padding-left:{depth * 18}px"
            cells = ((name, indent), (shape, style), (params, number), (adds, number))
            body += "<tr>" + "".join(f'<td style="{s}">{html.escape(t)}</td>' for t, s in cells) + "</tr>"
        feet = "<br>".join(f"{name}: <b>{html.escape(text)}</b>" for name, text in self._feet())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><div>{feet}</div>"


def summary(model: Any, input_size: Any = None, *, input_data: Any = None, dtype: Any = None) -> Summary:
    """A table of a model's layers, found by running it once without gradients, in eval mode.

    Args:
        model: a Module; it is left as it was.
        input_size: the shape of the input with its batch dimension, or a list of shapes for several inputs. Left out
            (with ``input_data`` too), the table has no shapes.
        input_data: a Tensor, or a tuple of them, to run instead of zeros; or a dictionary of named arguments.
        dtype: of the zeros (default: float32; a model that begins with an Embedding gets int64).

    Equal layers of a list have one line ("0-11: Block (each)"). Parameters that several layers share are counted once.
    Multiply-adds are those of the linear, convolutional,
    recurrent and attention layers and of the scales of normalisations.

    Raises TypeError for a ``model`` that is no Module, RuntimeError from the model itself if the shape does not fit.

    >>> import nn
    >>> summary(nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), (32, 784))
    layer        output shape  parameters  multiply-adds
    ----------------------------------------------------
    Sequential   [32, 10]         101,770              -
      0: Linear  [32, 128]        100,480      3,211,264
      1: ReLU    [32, 128]              -              -
      2: Linear  [32, 10]           1,290         40,960
    ----------------------------------------------------
    parameters: 101,770
    multiply-adds: 3,252,224
    memory: parameters 407.1 kB, outputs 34.0 kB
    """
    if not callable(getattr(model, "named_modules", None)):
        raise TypeError(f"summary() takes a Module, not {type(model).__name__}")
    rows = {name: Row(name.rpartition(".")[2], _depth(name), type(m).__name__) for name, m in model.named_modules()}
    if input_size is not None or input_data is not None:
        named = input_data if isinstance(input_data, dict) else {}
        _run(model, rows, () if named else _inputs(model, input_size, input_data, dtype), named)
    seen: set[int] = set()
    for name, module in model.named_modules():  # outermost first: a parameter counts where it is first met
        row = rows[name]
        own = {id(p): p.numel() for p in module.parameters(recurse=False)}
        row.params = sum({id(p): p.numel() for p in module.parameters()}.values())
        if own and all(key in seen for key in own):
            row.shared, row.params = True, 0
        seen.update(own)
    parameters = {id(p): p for p in model.parameters()}.values()
    total = sum(p.numel() for p in parameters)
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    return Summary(type(model).__name__, list(rows.values()), total, trainable, sum(p.nbytes for p in parameters))


def _depth(name: str) -> int:
    return name.count(".") + 1 if name else 0


def _inputs(model: Any, input_size: Any, input_data: Any, dtype: Any) -> tuple[Any, ...]:
    if input_data is not None:
        return tuple(input_data) if isinstance(input_data, (tuple, list)) else (input_data,)
    if not isinstance(input_size, (tuple, list)) or not input_size:
        raise TypeError(
            f"input_size must be a shape with its batch dimension, such as (1, 3, 32, 32), not {input_size!r}"
        )
    sizes = [input_size] if not isinstance(input_size[0], (tuple, list)) else list(input_size)
    if dtype is None:
        leaf = next((m for m in model.modules() if not list(m.children())), None)
        dtype = dtypes.int64 if type(leaf).__name__.startswith("Embedding") else None
    return tuple(zeros(*size, dtype=dtype) for size in sizes)


def _run(model: Any, rows: dict[str, Row], inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
    handles = []
    modes = {id(m): (m, m.training) for m in model.modules()}
    for name, module in model.named_modules():

        def note(module: Any, args: Any, kwargs: Any, result: Any, row: Row = rows[name]) -> None:
            x, y = _first([args, kwargs]), _first(result)
            row.input = None if x is None else list(x.shape)
            row.output = None if y is None else list(y.shape)
            row.bytes = 0 if y is None else y.nbytes
            if x is not None and y is not None:
                row.mult_adds += mult_adds(module, list(x.shape), list(y.shape))

        handles.append(module.register_forward_hook(note, with_kwargs=True))
    try:
        model.eval()
        with no_grad():
            model(*inputs, **named)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.values():
            module.training = training


def _first(value: Any) -> Tensor | None:
    return next(iter(tensors_in(value)), None)


def mult_adds(module: Any, given: list[int], made: list[int]) -> int:
    """The multiplications that a layer's own parameters take part in, from its shapes."""
    kind = type(module).__name__
    weight = getattr(module, "weight", None)
    if "MultiheadAttention" in kind:  # its projections, the scores and the weighted sum
        length, embed = math.prod(given[:-1]), given[-1]
        steps = given[1] if module.batch_first else given[0]
        return int(4 * length * embed * embed + 2 * length * steps * embed)
    if kind in ("RNN", "LSTM", "GRU") or kind.endswith("Cell"):
        matrices = sum(p.numel() for name, p in module.named_parameters() if name.startswith("weight"))
        return int(matrices * math.prod(given[:-1]))
    if not isinstance(weight, Tensor) or kind.startswith("Embedding"):
        return 0
    if "ConvTranspose" in kind:
        return int(math.prod(given) * math.prod(weight.shape[1:]))
    if "Conv" in kind:
        return int(math.prod(made) * math.prod(weight.shape[1:]))
    if weight.ndim >= 2:
        return int(math.prod(made) * math.prod(weight.shape[1:]))
    return math.prod(made)
