"""The text of a formula: what the lambda in the op table says, as it stands in the source."""

from __future__ import annotations

import functools
import inspect
import linecache
import re
import textwrap
from typing import Any

__all__ = ["body_of", "formulas_of"]


def formulas_of(op: Any) -> dict[str, str]:
    """For each array argument of an op with a formula, the formula's text; ``all`` for a joint one.

    >>> from autograd.ops.elementwise import mul
    >>> formulas_of(mul.op)
    {'input': 'g * other', 'other': 'g * input'}
    """
    if op is None:
        return {}
    cls = getattr(op, "cls", None)
    if cls is not None:  # a Function of the user's: its backward
        return {"all": body_of(cls.backward)}
    if not hasattr(op, "plain_formulas"):
        return {}
    if op.plain_joint is not None:
        return {"all": body_of(op.plain_joint)}
    return {name: body_of(formula) for name, formula in op.plain_formulas.items()}


@functools.lru_cache(maxsize=4096)
def body_of(function: Any) -> str:
    """The expression that a lambda returns, or the text of a ``def``; its name where the source is not to be had.

    >>> body_of(lambda g, y: g * y)
    'g * y'
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return getattr(function, "__name__", repr(function))
    if code.co_name == "<lambda>":
        return _lambda_body(code) or "lambda"
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return str(code.co_name)
    source = re.sub(r'^(\s*)("""|\'\'\').*?\2\n', "", source, count=1, flags=re.S | re.M)
    return source.rstrip()


def _lambda_body(code: Any) -> str:
    """The characters that the instructions of a lambda came from: they span its body exactly."""
    spans = [p for p in code.co_positions() if (None not in p and p[3] > p[2]) or (None not in p and p[1] > p[0])]
    if not spans:
        return ""
    first = min((line, column) for line, _, column, _ in spans)
    last = max((end, column) for _, end, _, column in spans)
    lines = [linecache.getline(code.co_filename, n) for n in range(first[0], last[0] + 1)]
    if not any(lines):
        return ""
    raw = [line.encode() for line in lines]  # columns count bytes
    raw[-1] = raw[-1][: last[1]]
    raw[0] = raw[0][first[1] :]
    text = " ".join(b" ".join(raw).decode().split())
    missing = text.count(")") - text.count("(")  # an outer parenthesis is in no instruction
    return "(" * missing + text if missing > 0 else text + ")" * -missing
