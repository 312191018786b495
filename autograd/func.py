"""``torch.func``: ``grad``, ``vjp``, ``jvp``, ``jacrev``, ``jacfwd``, ``hessian``, ``vmap``, which transform functions.

Each runs the function on *tracked* copies of its arguments, on the same memory, and asks the recorded graph. They nest:
a tracked copy of a value that an outer transformation watches is an operation on it, so what the inner one computes
reaches the outer one. Results are constants unless something outside can be reached from them.

Source: https://docs.pytorch.org/docs/stable/func.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import forward_pass, passes, random
from .graph import Leaf, Node, enable_grad, mode
from .ops import FUNCTIONS
from .ops.shape import broadcast
from .tensor import Tensor, wrap
from .utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten
from .views import current

__all__ = [
    "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip

# --- tracked copies --------------------------------------------------------------------------------------------------


def track(t: Tensor) -> Tensor:
    """A copy of ``t``, on the same memory, whose use is recorded from here on."""
    if current(t) is None:
        return wrap(t.array).requires_grad_()
    with enable_grad():
        made = broadcast(t, t.array.shape)  # an operation that changes nothing
    made.lineage = None
    return made  # type: ignore[no-any-return]


def _tracked(tree: Any, what: str) -> tuple[Any, list[Tensor]]:
    """The nest with tracked copies in it, and a list of them."""
    leaves, spec = tree_flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ValueError(f"{what}: expected Tensors to differentiate with respect to, got {type(leaf).__name__}")
    copies = [track(leaf) for leaf in leaves]
    return tree_unflatten(copies, spec), copies


def reaches_outside(tensors: Sequence[Any], copies: Sequence[Tensor]) -> bool:
    """Whether some leaf other than the copies' own is among the ancestors of ``tensors``."""
    own = {id(c.node) for c in copies if type(c.node) is Leaf}
    seen: set[int] = set()
    stack: list[Node] = [n for t in tensors if isinstance(t, Tensor) and (n := current(t)) is not None]
    while stack:
        node = stack.pop()
        if id(node) in seen or id(node) in own:
            continue
        if type(node) is Leaf:
            return True
        seen.add(id(node))
        stack.extend([p for p in node.parents if p is not None])
    return False


def _settled(tree: Any, copies: Sequence[Tensor], outer: bool) -> Any:
    """Results as the caller may see them: constants, unless an outer transformation or leaf is behind them."""
    keep = outer and reaches_outside(tree_leaves(tree), copies)
    return tree if keep else tree_map(lambda t: t.detach() if isinstance(t, Tensor) else t, tree)


def _pick(argnums: Any, args: tuple[Any, ...]) -> Any:
    """The arguments that ``argnums`` (an int or a tuple of them) chooses. Raises for one that is not there."""
    for i in argnums if isinstance(argnums, tuple) else (argnums,):
        if not isinstance(i, int):
            raise RuntimeError(f"argnums must be int or Tuple[int, ...], got {type(i).__name__}")
        if not -len(args) <= i < len(args):
            raise RuntimeError(f"Got argnum={i}, but only {len(args)} positional inputs")
    return tuple(args[i] for i in argnums) if isinstance(argnums, tuple) else args[argnums]


def _put(argnums: Any, args: tuple[Any, ...], values: Any) -> tuple[Any, ...]:
    made = list(args)
    if isinstance(argnums, tuple):
        for i, value in zip(argnums, values, strict=True):
            made[i] = value
    else:
        made[argnums] = values
    return tuple(made)


def _split(returned: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return returned, None
    if not (isinstance(returned, tuple) and len(returned) == 2):
        raise RuntimeError("with has_aux=True the function must return a tuple of two: (output, aux)")
    return returned


# --- reverse mode ----------------------------------------------------------------------------------------------------


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns ``(gradient, value)``; with ``has_aux`` the value is ``(value, aux)``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.grad_and_value.html

    >>> import autograd
    >>> grad_and_value(lambda x: (x**2).sum())(autograd.tensor([1.0, 3.0]))
    (tensor([2., 6.]), tensor(10.))
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outer = mode.now.enabled
        with enable_grad():
            chosen, copies = _tracked(_pick(argnums, args), "grad")
            output, aux = _split(func(*_put(argnums, args, chosen), **kwargs), has_aux)
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a single Tensor, got "
                    f"{type(output).__name__}"
                )
            if output.ndim != 0:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor, got a tensor of shape "
                    f"{list(output.shape)}. Reduce it, or use vjp or jacrev"
                )
            again = outer and reaches_outside([output], copies)
            if current(output) is None:
                gradients = [wrap(np.zeros_like(c.array)) for c in copies]
            else:
                gradients = list(
                    passes.grad(output, copies, create_graph=again, retain_graph=True, materialize_grads=True)
                )
        _, spec = tree_flatten(chosen)
        found = _settled((tree_unflatten(gradients, spec), output, aux), copies, outer)
        return (found[0], (found[1], found[2])) if has_aux else (found[0], found[1])

    return wrapper


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a function with a scalar result, as a function of the same arguments.

    >>> import autograd
    >>> grad(lambda x: x ** 3)(autograd.tensor(2.0)), grad(grad(lambda x: x ** 3))(autograd.tensor(2.0))
    (tensor(12.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """``func(*primals)`` and the function that takes a cotangent of it to the cotangents of ``primals``.

    >>> import autograd
    >>> value, pull = vjp(lambda x: x * x, autograd.tensor([1.0, 2.0]))
    >>> value, pull(autograd.tensor([1.0, 10.0]))
    (tensor([1., 4.]), (tensor([ 2., 40.]),))
    """
    outer = mode.now.enabled
    with enable_grad():
        chosen, copies = _tracked(primals, "vjp")
        output, aux = _split(func(*chosen), has_aux)
    leaves, out_spec = tree_flatten(output)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"vjp(f, *primals): Expected f(*primals) to return only tensors, got {type(leaf).__name__}"
            )
    _, in_spec = tree_flatten(primals)

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given, spec = tree_flatten(cotangents)
        if spec != out_spec:
            raise RuntimeError(
                f"Expected pytree structure of cotangents to be the same as of the outputs: {out_spec}, got {spec}"
            )
        outside = mode.now.enabled if create_graph is None else create_graph
        again = outside and (reaches_outside(leaves, copies) or any(g.requires_grad for g in given))
        live = [(leaf, g) for leaf, g in zip(leaves, given, strict=True) if current(leaf) is not None]
        if not live:
            found: Any = [wrap(np.zeros_like(c.array)) for c in copies]
        else:
            roots, starts = [leaf for leaf, _ in live], [g for _, g in live]
            found = passes.grad(roots, copies, starts, retain_graph, again, materialize_grads=True)
        return tree_unflatten([_settled(g, copies, again) for g in found], in_spec)

    shown = _settled(output, copies, outer)
    return (shown, pull, _settled(aux, copies, outer)) if has_aux else (shown, pull)


def _basis(leaf: Tensor) -> Iterator[Tensor]:
    """The tensors of this shape with a one in one place."""
    for i in range(leaf.array.size):
        unit = np.zeros(leaf.array.shape, leaf.array.dtype)
        unit.reshape(-1)[i] = 1
        yield wrap(unit)


def jacrev(
    func: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False, chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """The Jacobian by reverse mode, row by row: shape ``output.shape + input.shape``.

    >>> import autograd
    >>> jacrev(lambda x: x * x)(autograd.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outer = mode.now.enabled
        with enable_grad():
            chosen, copies = _tracked(_pick(argnums, args), "jacrev")
            output, aux = _split(func(*_put(argnums, args, chosen), **kwargs), has_aux)
            again = outer and reaches_outside(tree_leaves(output), copies)
            stack, zeros = FUNCTIONS["stack"], [wrap(np.zeros_like(c.array)) for c in copies]
            _, in_spec = tree_flatten(chosen)

            def rows(leaf: Tensor) -> Any:
                if current(leaf) is None:
                    grads = [zeros] * leaf.array.size
                else:
                    grads = [
                        list(passes.grad(leaf, copies, unit, True, again, materialize_grads=True))
                        for unit in _basis(leaf)
                    ]
                if not grads:
                    columns = [wrap(np.zeros(leaf.array.shape + c.array.shape, c.array.dtype)) for c in copies]
                else:
                    shape = leaf.array.shape
                    columns = [
                        stack(list(column)).reshape(*shape, *c.array.shape)
                        for c, column in zip(copies, zip(*grads, strict=True), strict=True)
                    ]
                return tree_unflatten(columns, in_spec)

            jacobian = tree_map(rows, output)
        found = _settled((jacobian, aux), copies, outer)
        return found if has_aux else found[0]

    return wrapper


# --- forward mode ----------------------------------------------------------------------------------------------------


def _pushed(
    leaves: list[Any], copies: list[Tensor], tangents: list[Tensor], again: bool, strict: bool = False
) -> list[Tensor]:
    """The tangents of ``leaves``; zeros where nothing arrives."""
    with enable_grad() if again else contextlib.nullcontext():
        before = mode.now.enabled
        mode.now.enabled = again
        try:
            found = forward_pass.forward(leaves, copies, tangents)
        finally:
            mode.now.enabled = before
    if strict and any([t is None for t in found]):
        raise RuntimeError("jvp(f, primals, tangents, strict=True): an output of f is independent of the inputs")
    return [wrap(np.zeros_like(leaf.array)) if t is None else t for leaf, t in zip(leaves, found, strict=True)]


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """``func(*primals)`` and its derivative in the direction of ``tangents``, by forward mode.

    With ``strict``, raises RuntimeError if a result does not depend on the primals.

    >>> import autograd
    >>> jvp(lambda x: x ** 2, (autograd.tensor(3.0),), (autograd.tensor(1.0),))
    (tensor(9.), tensor(6.))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise RuntimeError("jvp(f, primals, tangents): Expected primals and tangents to be tuples")
    outer = mode.now.enabled
    given, spec = tree_flatten(tangents)
    with enable_grad():
        chosen, copies = _tracked(primals, "jvp")
        if tree_flatten(primals)[1] != spec or not primals:
            raise RuntimeError(
                "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure, not empty"
            )
        _check_tangents(copies, given)
        output, aux = _split(func(*chosen), has_aux)
    leaves, out_spec = tree_flatten(output)
    again = outer and (reaches_outside(leaves, copies) or any(t.requires_grad for t in given))
    derivative = tree_unflatten(_pushed(leaves, copies, given, again, strict), out_spec)
    found = _settled(output, copies, outer), _settled(derivative, copies, again)
    return (*found, _settled(aux, copies, outer)) if has_aux else found


def _check_tangents(copies: list[Tensor], given: list[Any]) -> None:
    for copy, t in zip(copies, given, strict=True):
        if not isinstance(t, Tensor) or t.array.shape != copy.array.shape:
            what = list(t.shape) if isinstance(t, Tensor) else type(t).__name__
            raise RuntimeError(f"a tangent must be a Tensor of its primal's shape {list(copy.shape)}, got {what}")


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)`` and its derivative there as a function of tangents, which runs ``func`` no more.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.linearize.html

    >>> import autograd
    >>> value, push = linearize(lambda x: x**2, autograd.tensor([1.0, 3.0]))
    >>> value, push(autograd.ones(2))
    (tensor([1., 9.]), tensor([2., 6.]))
    """
    outer = mode.now.enabled
    with enable_grad():
        chosen, copies = _tracked(primals, "linearize")
        output = func(*chosen)
    leaves, out_spec = tree_flatten(output)

    def push(*tangents: Any) -> Any:
        given = tree_leaves(tangents)
        _check_tangents(copies, given)
        again = mode.now.enabled and (reaches_outside(leaves, copies) or any(t.requires_grad for t in given))
        return tree_unflatten([_settled(t, copies, again) for t in _pushed(leaves, copies, given, again)], out_spec)

    return _settled(output, copies, outer), push


def jacfwd(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The Jacobian by forward mode, column by column: shape ``output.shape + input.shape``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.jacfwd.html

    >>> import autograd
    >>> jacfwd(lambda x: x**2)(autograd.tensor([1.0, 3.0]))
    tensor([[2., 0.],
            [0., 6.]])
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outer = mode.now.enabled
        with enable_grad():
            chosen, copies = _tracked(_pick(argnums, args), "jacfwd")
            output, aux = _split(func(*_put(argnums, args, chosen), **kwargs), has_aux)
        leaves, out_spec = tree_flatten(output)
        _, in_spec = tree_flatten(chosen)
        again = outer and reaches_outside(leaves, copies)
        with enable_grad():
            columns = [[_column(leaf, k, columns, c, again) for k, leaf in enumerate(leaves)] for c, columns in
                       [(c, [_pushed(leaves, [c], [unit], again) for unit in _basis(c)]) for c in copies]]  # fmt: skip
        trees = [tree_unflatten([columns[j][k] for j in range(len(copies))], in_spec) for k in range(len(leaves))]
        found = _settled((tree_unflatten(trees, out_spec), aux), copies, outer)
        return found if has_aux else found[0]

    return wrapper


def _column(leaf: Tensor, k: int, columns: list[list[Tensor]], c: Tensor, again: bool) -> Tensor:
    """The Jacobian of one result with respect to one argument, from its columns."""
    if not columns:
        return wrap(np.zeros(leaf.array.shape + c.array.shape, leaf.array.dtype))
    stacked = FUNCTIONS["stack"]([column[k] for column in columns], -1)
    return stacked.reshape(*leaf.array.shape, *c.array.shape)  # type: ignore[no-any-return]


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """The second derivatives of a function with a scalar result: forward over reverse mode.

    >>> import autograd
    >>> hessian(lambda x: (x ** 3).sum())(autograd.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


# --- vmap ------------------------------------------------------------------------------------------------------------


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """``func``, written for one example, over a batch: called for each example, and the results stacked.

    Args:
        in_dims: for each argument (or nest) the dimension that counts the examples, or None if all share it. Keyword
            arguments are shared, as in PyTorch.
        out_dims: where that dimension goes in each result.
        randomness: what random numbers inside do: "different" for each example, the "same" for all, or an "error".

    >>> import autograd
    >>> vmap(autograd.dot)(autograd.ones(3, 2), autograd.ones(3, 2))
    tensor([2., 2., 2.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        flat, spec = tree_flatten(args)
        dims = _spread_dims(in_dims, args)
        sizes = {leaf.shape[_checked_dim(leaf, d)] for leaf, d in zip(flat, dims, strict=True) if d is not None}
        if len(sizes) != 1:
            shapes = [list(leaf.shape) if isinstance(leaf, Tensor) else leaf for leaf in flat]
            why = (
                "at least one input must have a dimension to map over"
                if not sizes
                else "all mapped dimensions must have one size"
            )
            raise ValueError(f"vmap: {why}: in_dims={in_dims}, the inputs are {shapes}")
        (n,) = sizes
        columns = [[leaf] * n if d is None else leaf.unbind(d) for leaf, d in zip(flat, dims, strict=True)]
        passes.mapping.depth += 1
        try:
            results = [
                call(*tree_unflatten([column[i] for column in columns], spec), **kwargs)
                for i, call in enumerate(_with_randomness(func, randomness, n))
            ]
        finally:
            passes.mapping.depth -= 1
        return _stacked(results, out_dims)

    return wrapper


def _with_randomness(func: Callable[..., Any], randomness: str, n: int) -> Iterator[Callable[..., Any]]:
    """The function for each example, with the random stream treated as asked."""
    start = random.get_rng_state() if randomness != "different" else None

    def guarded(*args: Any, **kwargs: Any) -> Any:
        assert start is not None
        if randomness == "same":
            random.set_rng_state(start)
        result = func(*args, **kwargs)
        if randomness == "error" and not np.array_equal(random.get_rng_state().array, start.array):
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or "
                "'different' randomness flags on vmap or perform the randomness operation out of vmap"
            )
        return result

    for _ in range(n):
        yield func if randomness == "different" else guarded


def _spread_dims(in_dims: Any, args: tuple[Any, ...]) -> list[Any]:
    """``in_dims`` for each leaf of the arguments."""

    def spread(dims: Any, tree: Any) -> list[Any]:
        if dims is None or isinstance(dims, int):
            return [dims if isinstance(leaf, Tensor) else None for leaf in tree_leaves(tree)]
        children = (
            list(tree.values()) if isinstance(tree, dict) else list(tree) if isinstance(tree, (tuple, list)) else None
        )
        wanted = [dims[k] for k in tree] if isinstance(dims, dict) and isinstance(tree, dict) else list(dims)
        if children is None or len(children) != len(wanted):
            raise ValueError(f"vmap: in_dims is not compatible with the structure of inputs: {in_dims}")
        return [d for dim, child in zip(wanted, children, strict=True) for d in spread(dim, child)]

    return spread(in_dims if isinstance(in_dims, int) else tuple(in_dims), args)


def _checked_dim(leaf: Any, dim: int) -> int:
    if not isinstance(leaf, Tensor):
        raise ValueError(f"vmap: in_dims={dim} for an input that is no Tensor but {type(leaf).__name__}: give None")
    if not -leaf.ndim <= dim < leaf.ndim:
        raise ValueError(
            f"vmap: in_dim={dim} for an input with {leaf.ndim} dimensions: expected -{leaf.ndim} <= in_dim < "
            f"{leaf.ndim}"
        )
    return dim


def _stacked(results: list[Any], out_dims: Any) -> Any:
    flat = [tree_leaves(r) for r in results]
    _, spec = tree_flatten(results[0])
    for leaf in flat[0]:
        if not isinstance(leaf, Tensor):
            raise ValueError(f"vmap: the function must only return Tensors, got type {type(leaf).__name__}")
    dims = [out_dims] * len(flat[0]) if out_dims is None or isinstance(out_dims, int) else list(tree_leaves(out_dims))
    if len(dims) != len(flat[0]):
        raise ValueError(f"vmap: out_dims={out_dims} is not compatible with the {len(flat[0])} outputs")
    stack = FUNCTIONS["stack"]
    columns = [
        leaves[0] if dim is None else stack(list(leaves), dim)
        for dim, leaves in zip(dims, zip(*flat, strict=True), strict=True)
    ]
    return tree_unflatten(columns, spec)


# --- modules as functions --------------------------------------------------------------------------------------------


def functional_call(
    module: Any, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: dict[str, Any] | None = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """Call a module as if its parameters and buffers were those given by name; it keeps its own.

    Tensors that the module shares under several names are replaced under all of them (``tie_weights``).

    Raises KeyError (with ``strict``: for missing or unexpected names, RuntimeError).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html

    >>> import autograd, nn
    >>> model = nn.Linear(2, 1, bias=False)
    >>> functional_call(model, {"weight": autograd.tensor([[10.0, 1.0]])}, autograd.tensor([1.0, 2.0]))
    tensor([12.])
    """
    given: dict[str, Any] = {}
    for part in (
        parameter_and_buffer_dicts
        if isinstance(parameter_and_buffer_dicts, (tuple, list))
        else [parameter_and_buffer_dicts]
    ):
        doubled = given.keys() & part.keys()
        if doubled:
            raise ValueError(
                f"{sorted(doubled)[0]!r} appears in multiple dictionaries; behavior of functional call is ambiguous"
            )
        given.update(part)
    places = _named_places(module)
    _check_names(given, places, strict)
    if tie_weights:
        given = _tied(given, places)
    before = []
    for name, value in given.items():
        store, key = places[name]
        before.append((store, key, store[key]))
        store[key] = value
    try:
        arguments = args if isinstance(args, tuple) else () if args is None else (args,)
        return module(*arguments, **(kwargs or {}))
    finally:
        for store, key, value in before:
            store[key] = value


def _named_places(module: Any) -> dict[str, tuple[dict[str, Any], str]]:
    """For each name of a parameter or buffer, the dictionary that holds it and its key there."""
    places = {}
    for prefix, sub in module.named_modules(remove_duplicate=False):
        for store in (sub._parameters, sub._buffers):
            for key in store:
                places[f"{prefix}.{key}" if prefix else key] = (store, key)
    return places


def _check_names(given: dict[str, Any], places: dict[str, Any], strict: bool) -> None:
    unexpected = [name for name in given if name not in places]
    missing = [name for name in places if name not in given] if strict else []
    if strict and (unexpected or missing):
        raise RuntimeError(f"Error(s) in functional_call: Unexpected key(s): {unexpected}. Missing key(s): {missing}.")
    if unexpected:
        raise KeyError(
            f"functional_call: the module has no parameter or buffer {unexpected[0]!r}; it has {', '.join(places)}"
        )


def _tied(given: dict[str, Any], places: dict[str, Any]) -> dict[str, Any]:
    """The given tensors under every name by which the module knows the ones that they replace."""
    names: dict[int, list[str]] = {}
    for name, (store, key) in places.items():
        if store[key] is not None:
            names.setdefault(id(store[key]), []).append(name)
    made = dict(given)
    for name, value in given.items():
        store, key = places[name]
        for other in names.get(id(store[key]), ()):
            if other in given and given[other] is not value:
                raise ValueError(
                    f"functional_call got multiple values for keys {sorted([name, other])}, which are tied"
                )
            made[other] = value
    return made


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and buffers of several modules of one kind, each name stacked: for ensembles under ``vmap``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.stack_module_state.html

    >>> import nn
    >>> parameters, buffers = stack_module_state([nn.Linear(2, 3) for _ in range(5)])
    >>> {name: tuple(p.shape) for name, p in parameters.items()}
    {'weight': (5, 3, 2), 'bias': (5, 3)}
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    if len({m.training for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")

    def stacked(named: list[dict[str, Tensor]]) -> dict[str, Any]:
        return {
            k: wrap(np.stack([n[k].array for n in named])).requires_grad_(named[0][k].requires_grad) for k in named[0]
        }

    return stacked([dict(m.named_parameters()) for m in models]), stacked([dict(m.named_buffers()) for m in models])


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The function itself: writes are recorded correctly here, so there is nothing to remove.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.functionalize.html

    >>> import autograd
    >>> functionalize(lambda x: x.clone().add_(1))(autograd.zeros(2))
    tensor([1., 1.])
    """
    return func


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Let the batch norms of a module use each batch's own statistics, and keep none: running ones can't be written in ``vmap``.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.replace_all_batch_norm_modules_.html

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    >>> replace_all_batch_norm_modules_(model)[1].running_mean is None
    True
    """
    for module in root.modules():
        if hasattr(module, "track_running_stats") and "BatchNorm" in type(module).__name__:
            module.track_running_stats = False
            module.running_mean = module.running_var = module.num_batches_tracked = None
    return root
