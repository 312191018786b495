"""What a gradient check says: the fault, its report in text and HTML, and the error that carries it."""

from __future__ import annotations

import html
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

CAUSES = (
    "sign", "factor", "transposed", "missing-reduction", "missing-mean", "ignores-cotangent", "constant-cotangent",
    "wrong-argument", "missing-term", "detached", "spurious", "partial", "overwritten", "dtype", "nondeterministic",
    "layout", "nonlinear", "not-finite", "second-order", "unknown",
)  # fmt: skip


@dataclass
class Element:
    """One wrong element of the Jacobian: where it is, what it should be, how sure that is, and what was claimed."""

    input: tuple[int, ...]
    output: tuple[int, ...]
    true: float
    bar: float
    claimed: float
    part: str = ""  # "real" or "imag" parts, for complex tensors


@dataclass
class Fault:
    """What is wrong with a gradient."""

    cause: str
    sentence: str
    input: int | None = None
    output: int | None = None
    factor: Any = None
    axis: Any = None
    pattern: str | None = None
    worst: list[Element] = field(default_factory=list)
    wrong: int = 0
    checked: int = 0
    shapes: tuple[Any, Any] | None = None  # of the input and of the output
    mode: str = "backward"
    jacobians: tuple[Any, Any, Any] | None = None  # true, claimed, which are wrong: what was looked at
    inner: Fault | None = None


class Report:
    """The result of a check: ``ok``, and if not, the fault and how to show it.

    ``str(report)`` and ``report.text`` are for a terminal, ``report.html`` for a page; notebooks show the latter.
    """

    def __init__(self, fault: Fault | None, order: int = 1, kinks: int = 0) -> None:
        self.fault = fault
        self.order = order
        self.kinks = kinks

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None

    @property
    def worst(self) -> list[Element]:
        """The elements that are furthest off, the worst first."""
        return [] if self.fault is None else self.fault.worst

    def at_second_order(self) -> Report:
        """The same fault as one of the second derivative, where the first is known to be right."""
        assert self.fault is not None
        found = self.fault
        sentence = (
            "The first derivative is right, its derivative is not "
            f"(seen as a first derivative the fault would be called {found.cause!r}). A formula that leaves the "
            "graph - raw arrays, detach, a saved intermediate value - is right once and wrong twice: write it with "
            f"operations on its arguments only. {found.sentence}"
        )
        return Report(replace(found, cause="second-order", sentence=sentence, inner=found), 2, self.kinks)

    @property
    def text(self) -> str:
        """The report for a terminal."""
        fault = self.fault
        if fault is None:
            if not self.kinks:
                return "right: backward agrees with the function"
            elements = "1 element" if self.kinks == 1 else f"{self.kinks} elements"
            return (
                f"right: backward agrees with the function ({elements} at a kink; "
                f"{'its slope lies' if self.kinks == 1 else 'their slopes lie'} between the one-sided ones)"
            )
        lines = [self.headline(), "", f"  cause: {self.label()}", f"  {fault.sentence}"]
        if fault.wrong:
            lines += ["", f"  {fault.wrong} of {fault.checked} elements looked at are wrong. The worst:"]
            lines += ["  " + row for row in self.table()]
        return "\n".join(lines)

    def headline(self) -> str:
        """The first line, in the words of PyTorch where it has some."""
        fault = self.fault
        assert fault is not None
        where = ""
        if fault.input is not None and fault.output is not None:
            where = f" for output {fault.output} with respect to input {fault.input}"
        elif fault.input is not None:
            where = f" with respect to input {fault.input}"
        mode = " (forward mode)" if fault.mode == "forward" else ""
        order = "" if self.order == 1 else f", order {self.order}"
        shapes = ""
        if fault.shapes is not None:
            shapes = f" (input {list(fault.shapes[0])}, output {list(fault.shapes[1])})"
        return f"Jacobian mismatch{where}{mode}{order}{shapes}"

    def label(self) -> str:
        """The cause with what is known about it."""
        fault = self.fault
        assert fault is not None
        extra = []
        if fault.factor is not None and fault.cause in ("factor", "missing-mean"):
            extra.append(f"claimed = {_number(fault.factor)} * true")
        if fault.axis is not None:
            extra.append(f"axis {fault.axis}")
        if fault.pattern:
            extra.append(fault.pattern)
        return fault.cause + (f" ({', '.join(extra)})" if extra else "")

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """The table of the worst elements, as text."""
        return [
            (
                f"input{_index(e.input)}{e.part}",
                f"output{_index(e.output)}",
                _number(e.true),
                f"{e.bar:.0e}",
                _number(e.claimed),
            )
            for e in self.worst
        ]

    def table(self) -> list[str]:
        """The worst elements in aligned columns."""
        rows = [("d output", "d input", "true", "+-", "claimed")]
        rows += [(output, input, true, bar, claimed) for input, output, true, bar, claimed in self.rows()]
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        return ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]

    @property
    def html(self) -> str:
        """The report as a piece of HTML that brings its own style, for light and dark pages."""
        fault = self.fault
        if fault is None:
            return f'<div class="pullback-check" style="color:#2a7d3a">{html.escape(self.text)}</div>'
        rows = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:right;padding:2px 10px">{html.escape(cell)}</td>' for cell in row)
            + "</tr>"
            for row in [(o, i, t, b, c) for i, o, t, b, c in self.rows()]
        )
        heads = "".join(
            f'<th style="text-align:right;padding:2px 10px">{h}</th>'
            for h in ("d output", "d input", "true", "&plusmn;", "claimed")
        )
        table = (
            f"<p>{fault.wrong} of {fault.checked} elements looked at are wrong. The worst:</p>"
            f'<table style="border-collapse:collapse;font-family:monospace"><tr>{heads}</tr>{rows}</table>'
            if fault.wrong
            else ""
        )
        return (
            '<div class="pullback-check" style="border-left:4px solid #c0392b;padding:4px 12px;margin:8px 0">'
            f"<b>{html.escape(self.headline())}</b>"
            f'<p>cause: <b style="color:#c0392b">{html.escape(self.label())}</b></p>'
            f"<p>{html.escape(fault.sentence)}</p>{self.svg}{table}</div>"
        )

    @property
    def svg(self) -> str:
        """A picture of the two Jacobians and of where they differ; empty if there is nothing to draw."""
        if self.fault is None or self.fault.jacobians is None:
            return ""
        return draw_jacobians(*self.fault.jacobians)

    _repr_html_ = property(lambda self: lambda: self.html)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Report: {'right' if self.ok else self.label()}>"


class GradcheckError(RuntimeError):
    """A gradient is wrong. ``str(error)`` is the report.

    Attributes: ``report``; ``cause`` (one of ``report.CAUSES``); ``input`` and ``output`` (their numbers, or None);
    ``order`` (1 or 2); ``factor`` (claimed / true), ``axis``, ``pattern`` where the cause has one; ``sentence``.
    """

    def __init__(self, report: Report | str) -> None:
        if not isinstance(report, Report):
            report = Report(Fault("unknown", report))
        super().__init__(report.text)
        self.report = report
        fault = report.fault
        assert fault is not None
        self.order = report.order
        self.cause = fault.cause
        self.sentence = fault.sentence
        self.input = fault.input
        self.output = fault.output
        self.factor = fault.factor
        self.axis = fault.axis
        self.pattern = fault.pattern


MOST = 48  # rows and columns of a picture


def draw_jacobians(true: Any, claimed: Any, wrong: Any) -> str:
    """The true and the claimed Jacobian and the wrong elements, side by side as SVG: red above zero, blue below."""
    true, claimed, wrong = (np.nan_to_num(m[:MOST, :MOST]) for m in (true, claimed, wrong))
    rows, cols = true.shape
    cell = max(3, min(14, 200 // max(rows, cols, 1)))
    width, height = cols * cell, rows * cell
    top = max(float(np.abs(true).max(initial=0.0)), float(np.abs(claimed).max(initial=0.0))) or 1.0
    step, parts = max(width, 64) + 24, []
    for k, (title, values) in enumerate((("true", true / top), ("claimed", claimed / top), ("wrong", wrong * 1.0))):
        parts.append(f'<g transform="translate({k * step} 0)"><text x="0" y="12" fill="currentColor">{title}</text>')
        parts.append(f'<rect x="0" y="20" width="{width}" height="{height}" fill="#8883"/>')
        for r, c in zip(*np.nonzero(np.abs(values) > 1e-9), strict=True):
            color = "#e0a000" if k == 2 else "#c0392b" if values[r, c] > 0 else "#2f6fb5"
            shade = 0.15 + 0.85 * min(1.0, abs(float(values[r, c])))
            at = f'x="{c * cell}" y="{20 + r * cell}" width="{cell}" height="{cell}"'
            parts.append(f'<rect {at} fill="{color}" fill-opacity="{shade:.2f}"/>')
        parts.append("</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{3 * step}" height="{height + 24}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="Jacobians: rows are outputs, columns inputs">{"".join(parts)}</svg>'
    )


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _number(x: Any) -> str:
    if isinstance(x, complex):
        return f"({x.real:.6g}{x.imag:+.6g}j)"
    return f"{x:.6g}" if isinstance(x, (float, int)) or hasattr(x, "__float__") else str(x)
