"""Random tensors: ``rand``, ``randn`` ... , the in-place fills, and the seed and state of the default generator.

All draw from PyTorch's stream (see ``generator.py``), so the same seed gives PyTorch's numbers.

>>> _ = manual_seed(0)
>>> rand(3)
tensor([0.4963, 0.7682, 0.0885])

Source: https://docs.pytorch.org/docs/stable/torch.html#random-sampling
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import dtypes
from .creation import blank_like, finish, float_or, number, size_of
from .generator import Generator, as_kind, chosen, default_generator
from .inplace import assign
from .layouts import strided
from .memory import in_order, order_of
from .tensor import Tensor, wrap

__all__ = [
    "Generator", "bernoulli", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "multinomial",
    "normal",
    "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed",
    "set_rng_state",
]  # fmt: skip

# --- the default generator -----------------------------------------------------------------------------------------


def manual_seed(seed: int) -> Generator:
    """Seed the default generator; the numbers that follow are PyTorch's for this seed."""
    return chosen(None).manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator with a number that nobody can foretell, and return it."""
    return chosen(None).seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return chosen(None).initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, as a uint8 tensor that PyTorch understands too."""
    return chosen(None).get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator where it was when ``get_rng_state`` was called."""
    chosen(None).set_state(new_state)


@contextlib.contextmanager
def fork_rng(
    devices: Any = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str = "cpu",
) -> Iterator[None]:
    """Afterwards the default generator continues as if nothing had been drawn inside the block."""
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)


# --- new tensors ---------------------------------------------------------------------------------------------------


def _fill(
    array: np.ndarray[Any, Any], kind: str, generator: Generator | None, *given: float, together: bool = True
) -> np.ndarray[Any, Any]:
    """Fill with uniform or normal numbers, in the order in which the elements lie in memory.

    ``together`` is False if they are for a tensor whose elements don't lie in order: PyTorch makes its normals in
    pairs.
    """
    source = chosen(generator)
    if array.dtype.kind == "c":
        parts = array.reshape(-1).view(array.real.dtype) if array.flags.c_contiguous else None
        if parts is None:
            array[...] = _fill(np.empty(array.shape, array.dtype), kind, generator, *given)
        else:
            _fill(parts, kind, generator, *((given[0], given[1] / np.sqrt(2)) if kind == "normal" else given))
        return array
    if not dtypes.is_float(array.dtype):
        raise NotImplementedError(
            f'"{kind}" not implemented for {dtypes.of(array.dtype)}: it needs a floating point dtype'
        )
    if array.flags.c_contiguous:
        extra = {"together": together} if kind == "normal" else {}
        array.reshape(-1)[...] = getattr(source, kind)(array.size, array.dtype, *given, **extra)
    else:
        in_memory = array.transpose(sorted(range(array.ndim), key=lambda i: -array.strides[i]))
        extra = {"together": False} if kind == "normal" else {}
        in_memory[...] = getattr(source, kind)(array.size, array.dtype, *given, **extra).reshape(in_memory.shape)
    return array


def _sampled(
    function: str,
    kind: str,
    size: Any,
    named: Any,
    generator: Any,
    out: Any,
    dtype: Any,
    layout: Any,
    device: Any,
    grad: bool,
) -> Tensor:
    if named:
        if size or set(named) != {"size"}:
            raise TypeError(f"{function}() got an unexpected keyword argument {next(iter(named))!r}")
        size = (tuple(named["size"]),)
    wanted = out.array.dtype if out is not None and dtype is None else float_or(dtype)
    made = _fill(np.empty(size_of(function, size), wanted), kind, generator, 0.0, 1.0)
    return finish(made, grad, device, layout, out)


def rand(
    *size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1)."""
    return _sampled("rand", "uniform", size, named, generator, out, dtype, layout, device, requires_grad)


def randn(
    *size: Any, generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Normal numbers of mean 0 and variance 1.

    >>> _ = manual_seed(0)
    >>> randn(2, 2)
    tensor([[ 1.5410, -0.2934],
            [-2.1788,  0.5684]])
    """
    return _sampled("randn", "normal", size, named, generator, out, dtype, layout, device, requires_grad)


def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1), in the shape and dtype of ``input``."""
    made = _fill(blank_like("rand_like", input, dtype, memory_format), "uniform", generator, 0.0, 1.0)
    return finish(made, requires_grad, device, layout)


def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers of mean 0 and variance 1, in the shape and dtype of ``input``."""
    made = _fill(blank_like("randn_like", input, dtype, memory_format), "normal", generator, 0.0, 1.0)
    return finish(made, requires_grad, device, layout)


def _integers(function: str, n: int, low: Any, high: Any, generator: Generator | None) -> Any:
    low, high = int(number(low)), int(number(high))
    if low >= high:
        raise RuntimeError(f"{function} expects 'from' to be less than 'to', but got from={low} >= to={high}")
    return chosen(generator).integers(n, low, high)


def _bounds(function: str, args: tuple[Any, ...], low: Any, high: Any) -> tuple[Any, Any, tuple[Any, ...]]:
    """low, high and what is left of (high, ...), (low, high, ...) and their keyword forms."""
    values = list(args)
    sizes = 1 if values and isinstance(values[-1], (tuple, list)) else 0
    while len(values) > sizes and low is None:
        if high is None and len(values) - sizes > 1:
            low = values.pop(0)
        elif high is None:
            high = values.pop(0)
        else:
            low = values.pop(0)
    if values and high is None and len(values) > sizes:
        high = values.pop(0)
    if high is None:
        raise TypeError(f"{function}() missing required argument: 'high'")
    return 0 if low is None else low, high, tuple(values)


def randint(
    *args: Any, low: Any = None, high: Any = None, size: Any = None, generator: Generator | None = None,
    out: Any = None,
    dtype: Any = None, layout: Any = strided, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """``randint(high, size)`` or ``randint(low, high, size)``: integers from ``low`` (0) to below ``high``.

    >>> _ = manual_seed(0)
    >>> randint(10, (4,))
    tensor([4, 9, 3, 0])
    """
    low, high, rest = _bounds("randint", args, low, high)
    shape = size_of("randint", (rest[0] if rest else size,))
    wanted = (
        np.dtype(np.int64)
        if dtype is None and out is None
        else out.array.dtype
        if dtype is None
        else dtypes.as_numpy(dtype)
    )
    made = _integers("random_", int(np.prod(shape, dtype=np.int64)), low, high, generator).astype(wanted, copy=False)
    return finish(made.reshape(shape), requires_grad, device, layout, out)


def randint_like(
    input: Tensor, *args: Any, low: Any = None, high: Any = None, generator: Generator | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Integers from ``low`` (0) to below ``high``, in the shape and dtype of ``input``."""
    low, high, _ = _bounds("randint_like", args, low, high)
    made = blank_like("randint_like", input, dtype, memory_format)
    made[...] = _integers("random_", made.size, low, high, generator).reshape(made.shape)
    return finish(made, requires_grad, device, layout)


def randperm(
    n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The integers from 0 to n - 1 in random order.

    >>> _ = manual_seed(0)
    >>> randperm(10)
    tensor([4, 1, 7, 5, 3, 9, 0, 8, 6, 2])
    """
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    wanted = np.dtype(np.int64) if dtype is None else dtypes.as_numpy(dtype)
    return finish(
        chosen(generator).permutation(n.__index__()).astype(wanted, copy=False), requires_grad, device, layout, out
    )


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, out: Any = None,
    dtype: Any = None, layout: Any = strided, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers: ``mean`` and ``std`` are numbers (with a ``size``) or tensors, which broadcast."""
    for name, value in (("mean", mean), ("std", std)):
        if not isinstance(value, Tensor) and not isinstance(value, (int, float)):
            raise TypeError(f"normal(): argument '{name}' must be Tensor or float, not {type(value).__name__}")
    least = std.array.min() if isinstance(std, Tensor) and std.array.size else std
    if not isinstance(least, Tensor) and least < 0:
        raise RuntimeError(f"normal expects all elements of std >= 0.0, but found std {float(least)}")
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError("normal(): with numbers for mean and std a size is needed: normal(0.0, 1.0, (2, 3))")
        made = _fill(
            np.empty(size_of("normal", (size,)), float_or(dtype)), "normal", generator, float(mean), float(std)
        )
        return finish(made, requires_grad, device, layout, out)
    given = [t.array if isinstance(t, Tensor) else t for t in (mean, std)]
    wanted = dtypes.result_dtype(*[g for g in given if isinstance(g, np.ndarray)])
    shape = np.broadcast_shapes(*[np.shape(g) for g in given])
    made = _fill(np.empty(shape, wanted), "normal", generator, 0.0, 1.0)
    made *= given[1]
    made += given[0]
    return finish(made, requires_grad, device, layout, out)


def bernoulli(input: Tensor, p: Any = None, *, generator: Generator | None = None, out: Any = None) -> Tensor:
    """Ones with the probabilities in ``input`` (or with probability ``p`` in its shape), else zeros."""
    if p is not None:
        return finish(_coins(input.array, p, generator), out=out)
    if not dtypes.is_float(input.array.dtype):
        raise RuntimeError(f"bernoulli needs probabilities in a floating point dtype, not {input.dtype}")
    return finish(_coins(in_order(input.array), in_order(input.array), generator), out=out)


def _coins(like: np.ndarray[Any, Any], p: Any, generator: Generator | None) -> np.ndarray[Any, Any]:
    """Zeros and ones of the shape and dtype of ``like``; a Python number is compared in float64, as PyTorch does."""
    odds = p.array if isinstance(p, Tensor) else p
    if not np.all((np.asarray(odds) >= 0) & (np.asarray(odds) <= 1)):
        raise RuntimeError(f"Expected p_in >= 0 && p_in <= 1 to be true, but got p={odds}")
    made = np.empty_like(like, order=order_of(like), subok=False)
    order = sorted(range(like.ndim), key=lambda i: -made.strides[i])
    target = made.transpose(order)
    if isinstance(odds, np.ndarray):
        drawn = chosen(generator).uniform(like.size, np.float64 if odds.dtype == np.float64 else np.float32)
        target[...] = drawn.reshape(target.shape) < np.broadcast_to(odds, like.shape).transpose(order)
    else:
        target[...] = chosen(generator).coins(like.size, odds).reshape(target.shape)
    return made


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """A Poisson number for each rate in ``input``, in its dtype."""
    if input.array.size and not (input.array >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return wrap(chosen(generator).poisson(input.array).astype(input.array.dtype))


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """``num_samples`` indices from each row of weights, which need not sum to one.

    Raises RuntimeError for negative, infinite or all-zero weights, and for more samples than categories without
    replacement.
    """
    weights = input.array
    if out is not None and out.array.dtype != np.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype}")
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, and it has shape {list(weights.shape)}")
    if not dtypes.is_float(weights.dtype):
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {input.dtype}")
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples: num_samples is {num_samples}")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            f"cannot sample n_sample > prob_dist.size(-1) samples without replacement: {num_samples} > "
            f"{weights.shape[-1]}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (weights.sum(-1) > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    source = chosen(generator)
    if replacement and num_samples > 1:
        picked = np.stack([_search(row, num_samples, source) for row in weights.reshape(-1, weights.shape[-1])])
        picked = picked.reshape(*weights.shape[:-1], num_samples)
    else:  # the largest of weight / exponential: a race that each category wins with its probability
        race = weights / (-np.log1p(-source.uniform(weights.size))).astype(weights.dtype).reshape(weights.shape)
        if num_samples == 1:
            picked = race.argmax(-1)[..., None]
        else:
            picked = np.argsort(-race, axis=-1, kind="stable")[..., :num_samples]
    return finish(picked.astype(np.int64), out=out)


def _search(weights: Any, n: int, source: Generator) -> Any:
    """``n`` places where uniforms fall among the cumulated weights."""
    total = np.cumsum(weights, dtype=weights.dtype)
    total /= total[-1]
    total[-1] = 1
    return np.searchsorted(
        total, source.uniform(n).astype(total.dtype) if total.dtype.kind == "V" else source.uniform(n)
    )


# --- in-place fills --------------------------------------------------------------------------------------------------


def _same_order(self: Tensor, dtype: Any = None) -> np.ndarray[Any, Any]:
    """Fresh memory with the strides of a tensor's, as far as they are dense."""
    return np.empty_like(self.array, dtype, order="K", subok=False)


def _drawn(self: Tensor, values: np.ndarray[Any, Any], by: str) -> Tensor:
    """Write float64 draws in memory order."""
    made = _same_order(self)
    in_memory = made.transpose(sorted(range(made.ndim), key=lambda i: -made.strides[i]))
    in_memory[...] = as_kind(values, made.dtype).reshape(in_memory.shape)
    return assign(self, wrap(made), by)


def uniform_(self: Tensor, *args: float, generator: Generator | None = None, **bounds: float) -> Tensor:
    """Fill with uniform numbers in [from, to), by default [0, 1)."""
    low, high = _two("uniform_", args, bounds, ("from", 0.0), ("to", 1.0))
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
    return assign(self, wrap(_fill(_same_order(self), "uniform", generator, low, high)), "uniform_")


def _two(function: str, args: Any, named: Any, first: Any, second: Any) -> tuple[Any, Any]:
    """Two values given in order or by name (``from`` is a word of Python's, so it can't be a parameter)."""
    values = dict(zip((first[0], second[0]), args, strict=False))
    for name, value in named.items():
        name = name.rstrip("_")
        if name not in (first[0], second[0]) or name in values:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
        values[name] = value
    return tuple(number(values.get(name, default)) for name, default in (first, second))  # type: ignore[return-value]


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers."""
    mean, std = number(mean), number(std)
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    made = _fill(_same_order(self), "normal", generator, mean, std, together=self.array.flags.c_contiguous)
    return assign(self, wrap(made), "normal_")


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with ones (with probability ``p``, a number or a tensor) and zeros."""
    return assign(self, wrap(_coins(self.array, p, generator)), "bernoulli_")


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponentially distributed numbers of rate ``lambd``."""
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    return _drawn(self, (-1.0 / lambd) * np.log1p(-chosen(generator).uniform(self.array.size)), "exponential_")


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of coins of odds ``p`` until the first success."""
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    with np.errstate(divide="ignore"):
        return _drawn(self, np.ceil(np.log(chosen(generator).uniform(self.array.size)) / np.log1p(-p)), "geometric_")


def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with the exponential of normal numbers."""
    if std <= 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    drawn = chosen(generator).normal(self.array.size, np.float64, mean, std, together=False)
    return _drawn(self, np.exp(drawn), "log_normal_")


def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with Cauchy distributed numbers."""
    if sigma <= 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    drawn = median + sigma * np.tan(np.pi * (chosen(generator).uniform(self.array.size) - 0.5))
    return _drawn(self, drawn, "cauchy_")


_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def random_(self: Tensor, *args: int, generator: Generator | None = None, **bounds: int) -> Tensor:
    """Fill with integers: in [from, to), in [0, to), or from all that the dtype can hold exactly."""
    if len(args) == 1 and not bounds:
        args = (0, args[0])
    n, dtype = self.array.size, self.array.dtype
    if args or bounds:
        low, high = _two(
            "random_", args, bounds, ("from", 0), ("to", None if bounds.get("to") is None and len(args) < 2 else 0)
        )
        if high is None:
            high = 2**63 - 1 if dtype.kind not in "iu" else int(np.iinfo(dtype).max) + 1
        return _drawn_integers(self, _integers("random_", n, low, high, generator))
    source = chosen(generator)
    if dtype.kind in "iub":
        span = 2 if dtype.kind == "b" else int(np.iinfo(dtype).max) + 1
    else:
        span = 2 ** _DIGITS[dtype.name] + 1
    wide = dtype in (np.dtype(np.int64), np.dtype(np.float64))
    words = source.long_words(n) if wide else source.words(n).astype(np.uint64)
    return _drawn_integers(self, (words % np.uint64(span)).astype(np.int64))


def _drawn_integers(self: Tensor, values: np.ndarray[Any, Any]) -> Tensor:
    made = _same_order(self)
    in_memory = made.transpose(sorted(range(made.ndim), key=lambda i: -made.strides[i]))
    in_memory[...] = values.reshape(in_memory.shape).astype(made.dtype)
    return assign(self, wrap(made), "random_")


METHODS = {
    f.__name__: f
    for f in (
        bernoulli,
        multinomial,
        uniform_,
        normal_,
        bernoulli_,
        exponential_,
        geometric_,
        log_normal_,
        cauchy_,
        random_,
    )
}
"""What ``methods.bind`` gives Tensor from this file."""
