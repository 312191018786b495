"""Matrix products, in every form PyTorch has a name for; decompositions are in ``decompositions.py``.

Everything comes down to ``matrix_product`` and ``dot_product``, which NumPy gives to BLAS.
"""

from __future__ import annotations

import functools
import math
import operator
import warnings
from typing import Any

import numpy as np

from .. import threads
from ..fast import twin
from ..graph import is_casting
from ..lift import bilinear, given
from ..tensor import Tensor, normal_dim, wrap
from .elementwise import only_tensors
from .shape import broadcast, broadcast_shapes, expand_error, reshape_to, spread, transpose_by

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "chain_matmul", "cross", "dot", "einsum", "ger",
    "inner", "kron", "matmul", "mm", "mv", "outer", "tensordot", "vdot",
]  # fmt: skip

# --- the two products that everything uses -------------------------------------------------------------------------


def large_product(input: Any, other: Any) -> bool:
    """Whether these are float32 matrices that a compiled kernel multiplies: BLAS is slow with a transposed right one."""
    if not (input.ndim == other.ndim == 2 and input.size * other.shape[1] >= SMALLEST_PRODUCT):
        return False
    pays_from = 1_200_000 if other.flags.c_contiguous else 500_000
    return (
        (input.size * other.shape[1] >= pays_from or threads.blas_is_narrow())
        and input.dtype is other.dtype is _FLOAT32
        and input.shape[1] == other.shape[0]
        and input.flags.forc
        and other.flags.forc
    )


SMALLEST_PRODUCT = 250_000
"""Multiplications. A kernel never takes fewer; how many it must be depends on BLAS."""
_FLOAT32 = np.dtype(np.float32)


def many_products(input: Any, other: Any) -> bool:
    """Whether these are two stacks of float32 matrices, whose products threads can share."""
    return (
        input.ndim == other.ndim > 2
        and input.size * other.shape[-1] >= 250_000
        and input.dtype is other.dtype is _FLOAT32
        and input.shape[:-2] == other.shape[:-2]
        and input.shape[-1] == other.shape[-2]
        and _blas_can_read(input)
        and _blas_can_read(other)
    )


def _blas_can_read(a: Any) -> bool:
    """Whether the rows of each matrix, or else its columns, lie whole in memory."""
    (rows, columns), (row, column) = a.shape[-2:], a.strides[-2:]
    return (column == 4 and row >= 4 * columns) or (row == 4 and column >= 4 * rows)  # type: ignore[no-any-return]


_product = twin("products.matmul", when=large_product)(threads.matmul)
_products = twin("products.batched", when=many_products)(operator.matmul)


def product(input: Any, other: Any) -> Any:
    """``input @ other`` of arrays, or in a formula of Tensors, which record it."""
    if type(input) is np.ndarray:
        if input.ndim == 2 == other.ndim and input.shape[1] == 1:
            return np.multiply(input, other, order="C")  # an outer product; BLAS takes four times as long
        if input.size >= 2048:
            return _product(input, other) if input.ndim == 2 else _products(input, other)
    elif type(input) is type(other) is Tensor:
        a, b = input.array, other.array
        if a.ndim == b.ndim == 2 and a.dtype is b.dtype and a.itemsize > 2:
            return matrix_product(input, other)  # without matmul's questions: a formula's shapes fit
    return input @ other


matrix_product: Any = bilinear(
    product, name="matmul", input=lambda g, other: product(g, other.mT), other=lambda g, input: product(input.mT, g)
)
dot_product: Any = bilinear(
    operator.matmul, name="dot", input=lambda g, other: g * other, other=lambda g, input: g * input
)


def check_dtypes(name: str, *tensors: Any) -> None:
    """Raise RuntimeError if the operands of a product have different dtypes: PyTorch does not promote there."""
    first = tensors[0].dtype
    for t in tensors[1:]:
        if t.dtype != first and not is_casting():
            raise RuntimeError(
                f"{name}: expected both operands to have the same dtype, but got {first} and {t.dtype}. Convert one: "
                "x.to(y.dtype)"
            )


def product_error(name: str, a: Any, b: Any) -> RuntimeError:
    """What to raise when the inner lengths of a matrix product differ."""
    sa, sb = list(a.shape), list(b.shape)
    n, m = sa[-1], sb[-2] if len(sb) > 1 else sb[0]
    rows, columns = math.prod(sa[:-1]), sb[-1] if len(sb) > 1 else 1
    return RuntimeError(
        f"{name}: mat1 and mat2 shapes cannot be multiplied ({rows}x{n} and {m}x{columns}): the last dimension of the"
        f" first, {n}, must equal the {'second last' if len(sb) > 1 else 'only'} dimension of the second, {m}; the"
        f" shapes are {sa} and {sb}"
    )


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    """The matrix product; vectors count as a row or a column, and leading dimensions are batches that broadcast.

    Raises RuntimeError if the inner dimensions or the dtypes differ.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.matmul.html

    >>> import autograd
    >>> (autograd.ones(2, 3) @ autograd.ones(3)).tolist()
    [3.0, 3.0]
    """
    if not isinstance(input, Tensor) or not isinstance(other, Tensor):
        if isinstance(input, np.ndarray) and isinstance(other, np.ndarray):
            return operator.matmul(input, other)
        input, other = (_operand(x) for x in (input, other))
    a, b = input.array, other.array
    if a.dtype is not b.dtype:
        check_dtypes("matmul", input, other)
    n, m = a.ndim, b.ndim
    if n == 0 or m == 0:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {n}D and {m}D. Use * for numbers"
        )
    if a.shape[-1] != (b.shape[-2] if m > 1 else b.shape[0]):
        raise product_error("matmul", input, other)
    if a.dtype.kind in "bV":
        if a.dtype.kind == "b":
            raise RuntimeError("\"matmul\" not implemented for 'Bool': convert to a number type first")
        return _rounded(matmul, input, other, out)
    if n == m == 2:
        return matrix_product(input, other, out=out)
    if n == 1 and m == 1:
        return dot_product(input, other, out=out)
    if n > 2 and m == 2:  # one large product instead of a batch of small ones
        flat = matrix_product(reshape_to(input, (math.prod(a.shape[:-1]), a.shape[-1])), other)
        return given(reshape_to(flat, (*a.shape[:-1], b.shape[-1])), out)
    if m == 1:
        column = matrix_product(input, reshape_to(other, (b.shape[0], 1)))
        return given(reshape_to(column, a.shape[:-1]), out)
    if n == 1:
        row = matrix_product(reshape_to(input, (1, a.shape[0])), other)
        return given(reshape_to(row, (*b.shape[:-2], b.shape[-1])), out)
    try:
        return matrix_product(input, other, out=out)
    except ValueError:
        broadcast_shapes(a.shape[:-2], b.shape[:-2])
        raise


def _rounded(function: Any, input: Any, other: Any, out: Any = None) -> Any:
    """A product; one of bfloat16 operands, for which NumPy has none, is summed in float32 and rounded."""
    if input.array.dtype.kind != "V":
        return function(input, other, out=out)
    return given(function(input.float(), other.float()).to(input.dtype), out)


def _operand(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return wrap(x)
    if not isinstance(x, Tensor):
        raise TypeError(f"matmul(): arguments must be Tensors, not {type(x).__name__}")
    return x


def _ranks(name: str, *wanted: tuple[Any, int]) -> None:
    for i, (tensor, rank) in enumerate(wanted):
        if tensor.ndim != rank:
            raise RuntimeError(
                f"{name}: argument {i + 1} must be {rank}D, but it is {tensor.ndim}D, of shape {list(tensor.shape)}."
                " Use matmul for other ranks"
            )


def mm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """The product of two matrices; nothing broadcasts."""
    _ranks("mm", (input, 2), (mat2, 2))
    return matmul(input, mat2, out=out)


def bmm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """The products of two batches of matrices; nothing broadcasts."""
    _ranks("bmm", (input, 3), (mat2, 3))
    check_dtypes("bmm", input, mat2)
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        b, _, k = input.shape
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{b}, {k}] but got:"
            f" {list(mat2.shape[:2])}."
        )
    return _rounded(matrix_product, input, mat2, out)


def mv(input: Any, vec: Any, *, out: Any = None) -> Any:
    """The product of a matrix and a vector."""
    _ranks("mv", (input, 2), (vec, 1))
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({input.shape[0]}), mat ({input.shape[0]}x{input.shape[1]}), vec"
            f" ({vec.shape[0]})"
        )
    return matmul(input, vec, out=out)


def dot(input: Any, tensor: Any, *, out: Any = None) -> Any:
    """The product of two vectors, a number."""
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    check_dtypes("dot", input, tensor)
    if input.shape != tensor.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor {list(input.shape)} and src {list(tensor.shape)} to have the"
            f" same number of elements, but got {input.numel()} and {tensor.numel()} elements respectively"
        )
    return _rounded(dot_product, input, tensor, out)


def vdot(input: Any, other: Any, *, out: Any = None) -> Any:
    """The product of the conjugate of one vector with another."""
    return dot(input.conj(), other, out=out)


def outer(input: Any, vec2: Any, *, out: Any = None) -> Any:
    """The matrix of all products of elements of two vectors.

    >>> import autograd
    >>> autograd.outer(autograd.tensor([1, 2]), autograd.tensor([3, 4])).tolist()
    [[3, 4], [6, 8]]
    """
    from .elementwise import mul

    _ranks("outer", (input, 1), (vec2, 1))
    return mul(reshape_to(input, (input.shape[0], 1)), vec2, out=out)


def ger(input: Any, vec2: Any, *, out: Any = None) -> Any:
    """Another name of ``outer``."""
    return outer(input, vec2, out=out)


def inner(input: Any, other: Any, *, out: Any = None) -> Any:
    """Products along the last dimensions of both; with a 0-d tensor, the ordinary product."""
    from .elementwise import mul

    if input.ndim == 0 or other.ndim == 0:
        return mul(input, other, out=out)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and"
            f" {list(other.shape)}"
        )
    return given(tensordot(input, other, ([-1], [-1])), out)


# --- a product added to something ----------------------------------------------------------------------------------


def _add_product(name: str, input: Any, product: Any, beta: Any, alpha: Any, out: Any) -> Any:
    """``beta * input + alpha * product``; a ``beta`` of 0 ignores even NaN in ``input``."""
    from .elementwise import plain_add

    if is_casting() and product.array.itemsize == 2:
        input = input.to(product.dtype)
    try:
        if beta == 0:
            input.expand(product.shape)
        elif tuple(np.broadcast_shapes(input.shape, product.shape)) != tuple(product.shape):
            raise ValueError
    except ValueError:
        raise expand_error(input, tuple(product.shape)) from None
    if product.array.dtype.kind in "iu":  # as PyTorch: the scalars become integers too
        alpha, beta = int(alpha), int(beta)
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        if not input.requires_grad:
            return given(product, out)
        input = input.masked_fill(wrap(np.array(True)), 0)  # not a product: NaN in input doesn't count
    return plain_add(input if beta in (0, 1) else input * beta, product, out=out)


def _numbers_first(function: Any) -> Any:
    """Let a function be called in PyTorch's old order too: ``x.addmm_(beta, alpha, a, b)``, ``addmm(beta, x, a, b)``."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if len(args) > 3:
            *before, first, second = args
            numbers = [value for value in before if isinstance(value, (int, float, complex))]
            args = (*[value for value in before if isinstance(value, Tensor)], first, second)
            if len(args) != 3 or len(numbers) not in (1, 2) or len(numbers) + 1 != len(before):
                raise TypeError(f"{function.__name__}() takes three tensors, and beta= and alpha= by name")
            warnings.warn(
                f"This overload of {function.__name__} is deprecated: give the numbers as beta= and alpha=",
                stacklevel=2,
            )
            options.update(zip(("beta", "alpha"), numbers, strict=False))
        return function(*args, **options)

    return call


@_numbers_first
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """``beta * input + alpha * (mat1 @ mat2)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.addmm.html
    """
    _ranks("addmm", (mat1, 2), (mat2, 2))
    check_dtypes("addmm", input, mat1, mat2)
    return _add_product("addmm", input, mm(mat1, mat2), beta, alpha, out)


@_numbers_first
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """``beta * input + alpha * (mat @ vec)``."""
    check_dtypes("addmv", input, mat, vec)
    return _add_product("addmv", input, mv(mat, vec), beta, alpha, out)


@_numbers_first
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    product = outer(vec1, vec2)
    if product.array.dtype.kind == "b" and input.array.dtype.kind == "b":
        made = np.logical_or(input.array & bool(beta), product.array & bool(alpha))
        return given(wrap(made), out)
    return _add_product("addr", input, product, beta, alpha, out)


@_numbers_first
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """``beta * input + alpha * (the sum over a batch of matrix products)``."""
    return _add_product("addbmm", input, bmm(batch1, batch2).sum(0, dtype=batch1.dtype), beta, alpha, out)


@_numbers_first
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1, out: Any = None) -> Any:
    """``beta * input + alpha * bmm(batch1, batch2)``."""
    return _add_product("baddbmm", input, bmm(batch1, batch2), beta, alpha, out)


# --- products of many dimensions -----------------------------------------------------------------------------------


def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Products summed over pairs of dimensions: ``dims`` many (the last of ``a``, the first of ``b``), or two lists.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.tensordot.html
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int) or (isinstance(dims, (list, tuple)) and len(dims) == 1 and isinstance(dims[0], int)):
        n = dims if isinstance(dims, int) else dims[0]
        if n < 0 or n > min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot expects dims >= 0 and at most the dimensions of both operands, but got dims={n}"
            )
        left, right = list(range(a.ndim - n, a.ndim)), list(range(n))
    else:
        left = [normal_dim(d, a.ndim) for d in ([dims[0]] if isinstance(dims[0], int) else dims[0])]
        right = [normal_dim(d, b.ndim) for d in ([dims[1]] if isinstance(dims[1], int) else dims[1])]
    if len(left) != len(right):
        raise RuntimeError(f"both dimension lists should have same length: {left} and {right}")
    check_dtypes("tensordot", a, b)
    for i, (d, e) in enumerate(zip(left, right, strict=True)):
        n, m = a.shape[d], b.shape[e]
        if n == m:
            continue
        if 1 not in (n, m):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {n} in dim {d} and second has size {m} in dim"
                f" {e} (pair {i})"
            )
        if n == 1:
            b = b.sum(e, keepdim=True, dtype=b.dtype)
        else:
            a = a.sum(d, keepdim=True, dtype=a.dtype)
    free_a = [d for d in range(a.ndim) if d not in left]
    free_b = [d for d in range(b.ndim) if d not in right]
    inner_size = math.prod([a.shape[d] for d in left])
    rows, columns = tuple([a.shape[d] for d in free_a]), tuple([b.shape[d] for d in free_b])
    first = reshape_to(transpose_by(a, (*free_a, *left)), (math.prod(rows), inner_size))
    second = reshape_to(transpose_by(b, (*right, *free_b)), (inner_size, math.prod(columns)))
    return given(reshape_to(_rounded(matrix_product, first, second), rows + columns), out)


def kron(input: Any, other: Any, *, out: Any = None) -> Any:
    """The Kronecker product: every element of ``input`` times all of ``other``, as blocks."""
    only_tensors("kron", input=input, other=other)
    n = max(input.ndim, other.ndim)
    a, b = ((1,) * (n - x.ndim) + tuple(x.shape) for x in (input, other))
    pair = reshape_to(input, tuple([k for m in a for k in (m, 1)])) * reshape_to(
        other, tuple([k for m in b for k in (1, m)])
    )
    return given(reshape_to(pair, tuple([i * j for i, j in zip(a, b, strict=True)])), out)


def cross(input: Any, other: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """The vector product along a dimension of length 3 (by default the first such one)."""
    if dim is None:
        found = [i for i, n in enumerate(input.shape) if n == 3]
        if not found:
            raise RuntimeError(f"no dimension of size 3 in input: the shape is {list(input.shape)}")
        dim = found[0]
    return vector_product(input, other, dim, out=out)


def vector_product(input: Any, other: Any, dim: int = -1, *, out: Any = None) -> Any:
    """``linalg.cross``."""
    from .copies import roll_by

    if input.ndim != other.ndim:
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions, but got {input.ndim} and {other.ndim}"
        )
    at = normal_dim(dim, input.ndim)
    if input.shape[at] != 3 or other.shape[at] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[at]} and {other.shape[at]}"
        )

    def turned(x: Any, by: int) -> Any:
        return roll_by(x, (by,), (at,))

    return given(turned(input, -1) * turned(other, -2) - turned(input, -2) * turned(other, -1), out)


def chain_matmul(*matrices: Any, out: Any = None) -> Any:
    """The product of several matrices, in the cheapest order."""
    return multi_dot(spread(matrices), out=out)


def multi_dot(tensors: Any, *, out: Any = None) -> Any:
    """The product of two or more matrices in the cheapest order; the first and the last may be vectors.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.multi_dot.html

    >>> import autograd
    >>> multi_dot([autograd.ones(2, 3), autograd.ones(3, 4), autograd.ones(4, 1)])
    tensor([[12.],
            [12.]])
    """
    parts = list(tensors)
    if len(parts) < 2:
        if len(parts) == 1 and parts[0].ndim == 2:
            return parts[0]
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(parts)}")
    row, column = parts[0].ndim == 1, parts[-1].ndim == 1
    if row:
        parts[0] = parts[0].unsqueeze(0)
    if column:
        parts[-1] = parts[-1].unsqueeze(1)
    for i, part in enumerate(parts):
        if part.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {part.ndim}D")
    check_dtypes("multi_dot", *parts)
    made = _chained(parts, 0, len(parts) - 1, _cheapest([p.shape[0] for p in parts] + [parts[-1].shape[1]]))
    shape = (() if row else (parts[0].shape[0],)) + (() if column else (parts[-1].shape[1],))
    return given(made if not row and not column else reshape_to(made, shape), out)


def _cheapest(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each run of matrices so that the multiplications are fewest (the textbook's dynamic programme)."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j], cut[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )
    return cut


def _chained(parts: list[Any], i: int, j: int, cut: dict[tuple[int, int], int]) -> Any:
    if i == j:
        return parts[i]
    k = cut[i, j]
    return mm(_chained(parts, i, k, cut), _chained(parts, k + 1, j, cut))


# --- einsum --------------------------------------------------------------------------------------------------------


def einsum(*args: Any) -> Any:
    """Products and sums in Einstein's notation: ``einsum("bij,bjk->bik", a, b)``; each pair is one matrix product.

    Also takes ``einsum(equation, [a, b])``, and operands with lists of numbers: ``einsum(a, [0, 1], b, [1], [0])``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.einsum.html

    >>> import autograd
    >>> autograd.einsum("ij,ij->i", autograd.ones(2, 3), autograd.ones(2, 3)).tolist()
    [3.0, 3.0]
    """
    if not args:
        raise ValueError("einsum(): must specify the equation string and at least one operand")
    if isinstance(args[0], str):
        inputs, output = _read_equation(args[0])
        operands = list(spread(args[1:]))
    else:
        operands = list(args[0:-1:2]) if len(args) % 2 else list(args[0::2])
        inputs = [_read_sublist(s) for s in args[1 : 2 * len(operands) : 2]]
        output = _read_sublist(args[-1]) if len(args) % 2 else None
    if len(inputs) != len(operands):
        raise RuntimeError(
            f"einsum(): {'more' if len(operands) > len(inputs) else 'fewer'} operands were provided than specified in"
            f" the equation: {len(operands)} for {len(inputs)} subscripts"
        )
    labels, result = _name_ellipses(inputs, output, operands)
    sizes = _sizes(labels, operands)
    for label in result:
        if label not in sizes:
            raise RuntimeError(
                f"einsum(): output subscript {label} does not appear in the equation for any input operand"
            )
    if len(set(result)) != len(result):
        raise RuntimeError(
            f"einsum(): output subscript {max(result, key=result.count)} appears more than once in the output"
        )
    terms = [_diagonals(x, list(names), sizes) for x, names in zip(operands, labels, strict=True)]
    while len(terms) > 1:
        i, j = _next_pair(terms, sizes)
        a, b = terms[i], terms[j]
        if _comes_first(b[1], a[1], result):
            a, b = b, a  # the product has the order of the result, and needs no transposition
        rest = [t for k, t in enumerate(terms) if k not in (i, j)]
        needed = {*result, *[n for _, names in rest for n in names]}
        terms = [*rest, _pair(a, b, needed, sizes)]
    tensor, names = terms[0]
    gone = tuple([k for k, n in enumerate(names) if n not in result])
    if gone:
        tensor = tensor.sum(gone)
        names = [n for n in names if n in result]
    tensor = transpose_by(tensor, tuple([names.index(n) for n in result])) if names != result else tensor
    return (
        broadcast(tensor, tuple([sizes[n] for n in result]))
        if tuple(tensor.shape) != tuple([sizes[n] for n in result])
        else tensor
    )


def _read_equation(equation: str) -> tuple[list[list[Any]], list[Any] | None]:
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")

    def letters(part: str) -> list[Any]:
        found: list[Any] = []
        rest = part
        while rest:
            if rest.startswith("..."):
                if ... in found:
                    raise RuntimeError(
                        f"einsum(): found '.' for operand for which an ellipsis was already found, in {equation!r}"
                    )
                found.append(...)
                rest = rest[3:]
            elif rest[0].isascii() and rest[0].isalpha():
                found.append(rest[0])
                rest = rest[1:]
            else:
                raise RuntimeError(
                    f"einsum(): invalid subscript given: {rest[0]!r} in {equation!r}; subscripts must be in [a-zA-Z]"
                )
        return found

    return [letters(part) for part in left.split(",")], letters(right) if arrow else None


def _read_sublist(names: Any) -> list[Any]:
    found = [n if n is ... else chr(ord("A") + n if n < 26 else ord("a") + n - 26) for n in names]
    for n in names:
        if n is not ... and not 0 <= n < 52:
            raise RuntimeError(f"einsum(): not within the valid range [0, 52): {n}")
    return found


def _name_ellipses(
    inputs: list[list[Any]], output: list[Any] | None, operands: list[Any]
) -> tuple[list[list[Any]], list[Any]]:
    """Each ``...`` as labels of its own, aligned from the right; and the output (without ``->``, alphabetical)."""
    widest = 0
    for i, (names, x) in enumerate(zip(inputs, operands, strict=True)):
        hidden = x.ndim - sum([n is not ... for n in names])
        if hidden < 0 or (hidden and ... not in names):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(names)}) does not match the number of"
                f" dimensions ({x.ndim}) for operand {i}{' and no ellipsis was given' if ... not in names else ''}; its"
                f" shape is {list(x.shape)}"
            )
        widest = max(widest, hidden if ... in names else 0)
    dots = [("dim", k) for k in range(widest)]
    labels = []
    for names, x in zip(inputs, operands, strict=True):
        hidden = x.ndim - sum([n is not ... for n in names])
        labels.append([m for n in names for m in (dots[widest - hidden :] if n is ... else [n])])
    if output is None:
        every = [n for names in inputs for n in names if n is not ...]
        output = [*([...] if widest else []), *sorted({n for n in every if every.count(n) == 1})]
    return labels, [m for n in output for m in (dots if n is ... else [n])]


def _sizes(labels: list[list[Any]], operands: list[Any]) -> dict[Any, int]:
    sizes: dict[Any, int] = {}
    for i, (names, x) in enumerate(zip(labels, operands, strict=True)):
        for d, (name, n) in enumerate(zip(names, x.shape, strict=True)):
            known = sizes.get(name, 1)
            if known != n and 1 not in (known, n):
                raise RuntimeError(
                    f"einsum(): operands do not broadcast with remapped shapes: subscript {name!r} has size {n} for"
                    f" operand {i} (dimension {d} of {list(x.shape)}) which does not broadcast with previously seen"
                    f" size {known}"
                )
            sizes[name] = n if known == 1 else known
    return sizes


def _diagonals(tensor: Any, names: list[Any], sizes: dict[Any, int]) -> tuple[Any, list[Any]]:
    """An operand with each label once: repeated ones are its diagonal."""
    from .strides import diagonal_of

    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            n, m = tensor.shape[first], tensor.shape[second]
            if n != m:
                raise RuntimeError(
                    f"einsum(): subscript {name!r} is repeated for an operand but the sizes don't match, {n} != {m}"
                )
            tensor = diagonal_of(tensor, 0, first, second)
            names = [k for i, k in enumerate(names) if i not in (first, second)] + [name]
    return tensor, names


def _next_pair(terms: list[Any], sizes: dict[Any, int]) -> tuple[int, int]:
    """The pair whose product is smallest; for two operands there is no choice."""
    if len(terms) == 2:
        return 0, 1
    pairs = [(i, j) for i in range(len(terms)) for j in range(i + 1, len(terms))]
    return min(pairs, key=lambda p: math.prod([sizes[n] for n in {*terms[p[0]][1], *terms[p[1]][1]}]))


def _pair(
    a: tuple[Any, list[Any]], b: tuple[Any, list[Any]], needed: set[Any], sizes: dict[Any, int]
) -> tuple[Any, list[Any]]:
    """The product of two operands as one batched matrix product: batch, rows | summed | columns."""
    (x, xs), (y, ys) = a, b
    x, xs = _sum_out(x, xs, [n for n in xs if n not in ys and n not in needed])
    y, ys = _sum_out(y, ys, [n for n in ys if n not in xs and n not in needed])
    ones_x = [n for n in xs if n in ys and x.shape[xs.index(n)] != sizes[n]]  # length 1 here, more in the other
    ones_y = [n for n in ys if n in xs and y.shape[ys.index(n)] != sizes[n]]
    x, xs = _sum_out(x, xs, ones_x)
    y, ys = _sum_out(y, ys, ones_y)
    x, xs = _sum_out(x, xs, [n for n in ones_y if n not in needed])
    y, ys = _sum_out(y, ys, [n for n in ones_x if n not in needed])
    batch = [n for n in xs if n in ys and n in needed]
    inner = [n for n in xs if n in ys and n not in needed]
    rows, columns = [n for n in xs if n not in ys], [n for n in ys if n not in xs]

    def arranged(t: Any, names: list[Any], order: list[Any]) -> Any:
        return t if names == order else transpose_by(t, tuple([names.index(n) for n in order]))

    def lengths(t: Any, names: list[Any], some: list[Any]) -> tuple[int, ...]:
        return tuple([t.shape[names.index(n)] for n in some])

    head, r, c = lengths(x, xs, batch), lengths(x, xs, rows), lengths(y, ys, columns)
    k = math.prod(lengths(x, xs, inner))
    if not inner and not batch and not (rows and columns):
        return x * y, xs + ys
    p = math.prod(r)
    q = math.prod(c)
    first = reshape_to(arranged(x, xs, [*batch, *rows, *inner]), (*head, p, k))
    second = reshape_to(arranged(y, ys, [*batch, *inner, *columns]), (*head, k, q))
    if k == 1:
        made = first * second
    else:
        check_dtypes("einsum", x, y)  # only a sum of products needs one dtype
        made = _rounded(matrix_product, first, second)
    return reshape_to(made, head + r + c), [*batch, *rows, *columns]


def _comes_first(names: list[Any], others: list[Any], result: list[Any]) -> bool:
    """Whether what only ``names`` has comes before what only ``others`` has, in the result."""
    mine = [i for i, n in enumerate(result) if n in names and n not in others]
    theirs = [i for i, n in enumerate(result) if n in others and n not in names]
    return bool(mine and theirs) and mine[0] < theirs[0]


def _sum_out(tensor: Any, names: list[Any], gone: list[Any]) -> tuple[Any, list[Any]]:
    if not gone:
        return tensor, names
    return tensor.sum(tuple([names.index(n) for n in gone])), [n for n in names if n not in gone]
