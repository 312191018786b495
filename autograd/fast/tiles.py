"""What convolutions spend their time in, in vectors by hand: products whose left matrix is never made, small transforms.

A convolution is the product of a matrix of windows with the weights. Its element [r, k] lies in the (padded) image at
``rows[r] + steps[k]``: where window ``r`` begins, plus where tap ``k`` is within a window. ``multiply`` is given these
two tables instead of the matrix. A product of ordinary matrices is the case rows = r * row length, steps = k.

Its sums stay in registers: ROWS x 2 vectors, to each of which every step adds one number of the left times one vector
of the right (fewer rows for what is left of a matrix: ``multiply_few``). Numba's own loops can't be told that, so the instructions are spelled out here (as LLVM's), and so are
those of two transforms of small matrices of vectors: ``transpose`` and ``sandwich``.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .runtime import WIDE, helper

__all__ = ["DEPTH", "LANES", "ROWS", "copy", "multiply", "multiply_few", "sandwich", "transpose"]

LANES = 16 if WIDE else 8
"""Floats of a vector."""
ROWS = 8 if WIDE else 6
"""Rows of a tile: with two vectors each they leave registers for the operands."""
DEPTH = 256
"""Steps after which the next tile takes its turn: that much of the right matrix stays in the first-level cache."""

_intrinsic: Any = intrinsic
_code: Any = cgutils
_ADDRESS, _INT = types.uintp, types.intp
_i64, _vector = ir.IntType(64), ir.VectorType(ir.FloatType(), LANES)


def _number(value: int) -> Any:
    return ir.Constant(_i64, value)


def _indices(values: Any) -> Any:
    values = list(values)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(values)), values)


def _at(builder: Any, address: Any, index: Any, size: int, kind: Any) -> Any:
    """A pointer to element ``index``, ``size`` bytes each, from an address."""
    return builder.inttoptr(builder.add(address, builder.mul(index, _number(size))), kind.as_pointer())


def _fused(builder: Any) -> Any:
    """The function (a, b, c) -> a * b + c of vectors."""
    kind = ir.FunctionType(_vector, [_vector] * 3)
    return _code.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32")


def _tile(height: int, vectors: int) -> Any:
    """out[r, :] += sum over k < depth of x[rows[r] + steps[k]] * b[k, :], for ``height`` rows of ``vectors`` vectors.

    What is in ``out`` before counts as zeros if ``fresh``.
    """

    @_intrinsic
    def tile(
        typingctx: Any, x: Any, rows: Any, steps: Any, depth: Any, b: Any, out: Any, out_row: Any, fresh: Any
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            x, rows, steps, depth, b, out, out_row, fresh = args
            add_product = _fused(builder)
            none, splat = ir.Constant(_vector, ir.Undefined), _indices([0] * LANES)
            begins = [
                builder.add(x, builder.mul(builder.load(_at(builder, rows, _number(r), 8, _i64)), _number(4)))
                for r in range(height)
            ]
            places = [
                _at(builder, out, builder.add(builder.mul(_number(r), out_row), _number(v * LANES)), 4, _vector)
                for r in range(height)
                for v in range(vectors)
            ]
            zeros = ir.Constant(_vector, None)
            sums = [
                _code.alloca_once_value(builder, builder.select(fresh, zeros, builder.load(place, align=4)))
                for place in places
            ]
            with _code.for_range(builder, depth) as loop:
                step = builder.load(_at(builder, steps, loop.index, 8, _i64))
                row = builder.mul(loop.index, _number(vectors))
                right = [
                    builder.load(_at(builder, b, builder.add(row, _number(v)), 4 * LANES, _vector), align=4)
                    for v in range(vectors)
                ]
                for r in range(height):
                    left = builder.load(_at(builder, begins[r], step, 4, ir.FloatType()))
                    left = builder.shuffle_vector(builder.insert_element(none, left, _number(0)), none, splat)
                    for v in range(vectors):
                        total = sums[r * vectors + v]
                        builder.store(builder.call(add_product, [left, right[v], builder.load(total)]), total)
            for place, total in zip(places, sums, strict=True):
                builder.store(builder.load(total), place, align=4)
            return context.get_dummy_value()

        return types.void(_ADDRESS, _ADDRESS, _ADDRESS, _INT, _ADDRESS, _ADDRESS, _INT, types.boolean), codegen

    return tile


_narrow_tile, _wide_tile = _tile(ROWS, 1), _tile(ROWS, 2)
_tile_of_4, _tile_of_2, _tile_of_1 = _tile(4, 2), _tile(2, 2), _tile(1, 2)


@helper
def multiply(
    x: int, rows: int, count: int, steps: int, depth: int, b: int, out: int, out_row: int, vectors: int, fresh: bool
) -> None:
    """out[r, :] += sum over k of x[rows[r] + steps[k]] * b[k, :], everything by address.

    Args:
        rows: ``count`` int64 offsets, followed by valid ones up to a multiple of ROWS: that many rows has ``out`` too.
        steps: ``depth`` int64 offsets.
        b: rows of ``vectors`` (1 or 2) vectors of LANES floats, without gaps.
        out: such rows, ``out_row`` floats from one to the next.
        fresh: what is in ``out`` counts as zeros.
    """
    width = 4 * LANES * vectors
    for k in range(0, depth, DEPTH):
        deep = min(DEPTH, depth - k)
        for r in range(0, count, ROWS):
            if vectors == 2:
                _wide_tile(
                    x, rows + 8 * r, steps + 8 * k, deep, b + k * width, out + 4 * r * out_row, out_row, fresh and k == 0
                )  # fmt: skip
            else:
                _narrow_tile(
                    x, rows + 8 * r, steps + 8 * k, deep, b + k * width, out + 4 * r * out_row, out_row, fresh and k == 0
                )  # fmt: skip


@helper
def multiply_few(
    x: int, rows: int, count: int, steps: int, depth: int, b: int, out: int, out_row: int, fresh: bool
) -> None:
    """The same of two vectors for few rows, whose number need not be one of whole tiles."""
    width, place = 8 * LANES, 4 * out_row
    for k in range(0, depth, DEPTH):
        deep, at, right, first = min(DEPTH, depth - k), steps + 8 * k, b + k * width, fresh and k == 0
        r = 0
        while count - r >= ROWS:
            _wide_tile(x, rows + 8 * r, at, deep, right, out + r * place, out_row, first)
            r += ROWS
        if count - r >= 4:
            _tile_of_4(x, rows + 8 * r, at, deep, right, out + r * place, out_row, first)
            r += 4
        if count - r >= 2:
            _tile_of_2(x, rows + 8 * r, at, deep, right, out + r * place, out_row, first)
            r += 2
        if count > r:
            _tile_of_1(x, rows + 8 * r, at, deep, right, out + r * place, out_row, first)


@_intrinsic
def _move(typingctx: Any, source: Any, target: Any, count: Any) -> Any:
    """Copy the first ``count`` floats of a vector."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, target, count = args
        pointer, align = _vector.as_pointer(), ir.Constant(ir.IntType(32), 4)
        mask = ir.VectorType(ir.IntType(1), LANES)
        load = ir.FunctionType(_vector, [pointer, ir.IntType(32), mask, _vector])
        store = ir.FunctionType(ir.VoidType(), [_vector, pointer, ir.IntType(32), mask])
        load = _code.get_or_insert_function(builder.module, load, f"llvm.masked.load.v{LANES}f32.p0")
        store = _code.get_or_insert_function(builder.module, store, f"llvm.masked.store.v{LANES}f32.p0")
        numbers = ir.VectorType(_i64, LANES)
        none = ir.Constant(numbers, ir.Undefined)
        limit = builder.shuffle_vector(builder.insert_element(none, count, _number(0)), none, _indices([0] * LANES))
        wanted = builder.icmp_signed("<", ir.Constant(numbers, list(range(LANES))), limit)
        values = builder.call(load, [builder.inttoptr(source, pointer), align, wanted, ir.Constant(_vector, None)])
        builder.call(store, [values, builder.inttoptr(target, pointer), align, wanted])
        return context.get_dummy_value()

    return types.void(_ADDRESS, _ADDRESS, _INT), codegen


@helper
def copy(source: int, target: int, count: int) -> None:
    """Copy ``count`` floats, by address: a loop of numba's does not use vectors for as few as fill one."""
    for k in range(0, count, LANES):
        _move(source + 4 * k, target + 4 * k, count - k)


@_intrinsic
def _turn(typingctx: Any, source: Any, source_row: Any, target: Any, target_row: Any) -> Any:
    """Transpose LANES x LANES floats. Interleaving row i with row i + LANES / 2, log2(LANES) times, does that."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, source_row, target, target_row = args
        half = LANES // 2
        low = _indices(i // 2 + LANES * (i % 2) for i in range(LANES))
        high = _indices(half + i // 2 + LANES * (i % 2) for i in range(LANES))
        rows = [
            builder.load(_at(builder, source, builder.mul(_number(i), source_row), 4, _vector), align=4)
            for i in range(LANES)
        ]
        for _ in range(half.bit_length()):
            rows = [
                builder.shuffle_vector(rows[i // 2], rows[i // 2 + half], high if i % 2 else low) for i in range(LANES)
            ]
        for i in range(LANES):
            place = _at(builder, target, builder.mul(_number(i), target_row), 4, _vector)
            builder.store(rows[i], place, align=4)
        return context.get_dummy_value()

    return types.void(_ADDRESS, _INT, _ADDRESS, _INT), codegen


@helper
def transpose(
    source: Any, at: int, source_row: int, rows: int, columns: int, target: Any, to: int, target_row: int
) -> None:
    """target[to + j * target_row + i] = source[at + i * source_row + j] for i < rows, j < columns, in flat arrays."""
    if rows < LANES or columns < LANES:
        for i in range(rows):
            for j in range(columns):
                target[to + j * target_row + i] = source[at + i * source_row + j]
        return
    source_at, target_at = source.ctypes.data, target.ctypes.data
    for i in range(0, rows, LANES):
        for j in range(0, columns, LANES):
            p, q = min(i, rows - LANES), min(j, columns - LANES)  # the last blocks overlap those before
            _turn(
                source_at + 4 * (at + p * source_row + q),
                source_row,
                target_at + 4 * (to + q * target_row + p),
                target_row,
            )


def sandwich(matrix: Any) -> Any:
    """A function for kernels: target[i, j] = sum over a, b of matrix[i, a] * source[a, b] * matrix[j, b], of vectors.

    It takes an address and the distances (in floats) between rows and between columns, for source and for target.
    """
    coefficients = [[float(c) for c in row] for row in matrix]
    size = len(coefficients[0])

    @_intrinsic
    def transform(
        typingctx: Any, source: Any, down: Any, across: Any, target: Any, to_down: Any, to_across: Any
    ) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            source, down, across, target, to_down, to_across = args
            add_product = _fused(builder)

            def at(address: Any, i: int, j: int, down: Any, across: Any) -> Any:
                offset = builder.add(builder.mul(_number(i), down), builder.mul(_number(j), across))
                return _at(builder, address, offset, 4, _vector)

            def combine(row: list[float], vectors: list[Any]) -> Any:
                terms = [(ir.Constant(_vector, [c] * LANES), v) for c, v in zip(row, vectors, strict=True) if c]
                total = builder.fmul(*terms[0])
                for c, v in terms[1:]:
                    total = builder.call(add_product, [c, v, total])
                return total

            columns = [
                [builder.load(at(source, a, b, down, across), align=4) for a in range(size)] for b in range(size)
            ]
            halfway = [[combine(row, column) for column in columns] for row in coefficients]
            for i, line in enumerate(halfway):
                for j, row in enumerate(coefficients):
                    builder.store(combine(row, line), at(target, i, j, to_down, to_across), align=4)
            return context.get_dummy_value()

        return types.void(_ADDRESS, _INT, _INT, _ADDRESS, _INT, _INT), codegen

    return transform
