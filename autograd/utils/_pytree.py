"""Nested tuples, lists and dictionaries taken apart into leaves, and put together again.

>>> leaves, spec = tree_flatten({"a": [1, 2], "b": 3})
>>> leaves, tree_unflatten([x * 10 for x in leaves], spec)
([1, 2, 3], {'a': [10, 20], 'b': 30})
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = [
    "GetAttrKey", "LeafSpec", "MappingKey", "PyTree", "SequenceKey", "TreeSpec", "is_namedtuple", "is_namedtuple_class", "key_get", "keystr",
    "register_pytree_node", "tree_all", "tree_all_only", "tree_any", "tree_any_only", "tree_flatten", "tree_flatten_with_path", "tree_is_leaf",
    "tree_iter", "tree_leaves", "tree_leaves_with_path", "tree_map", "tree_map_", "tree_map_only", "tree_map_only_", "tree_map_with_path",
    "tree_structure", "tree_unflatten",
]  # fmt: skip

PyTree = Any
"""A nest; for annotations."""


class TreeSpec:
    """The shape of a nest: for each container its type, what rebuilds it, and its children."""

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]) -> None:
        self.type, self.context, self.children_specs = type, context, children_specs
        self.num_leaves: int = sum(c.num_leaves for c in children_specs) if type is not None else 1

    def is_leaf(self) -> bool:
        """Whether this is a leaf, not a container."""
        return self.type is None

    @property
    def num_children(self) -> int:
        """What the outermost container holds."""
        return len(self.children_specs)

    @property
    def num_nodes(self) -> int:
        """The containers and the leaves."""
        return 1 + sum(c.num_nodes for c in self.children_specs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TreeSpec):
            return NotImplemented
        mine, theirs = (self.type, self.context, self.children_specs), (other.type, other.context, other.children_specs)
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "*" if self.type is None else f"TreeSpec({self.type.__name__}, {self.context}, {self.children_specs})"


def LeafSpec() -> TreeSpec:
    """The shape of a leaf."""
    return TreeSpec(None, None, [])


_REGISTERED: dict[type, tuple[Callable[[Any], tuple[Any, Any]], Callable[[Any, Any], Any]]] = {}


def register_pytree_node(
    cls: type, flatten_fn: Callable[[Any], tuple[Any, Any]], unflatten_fn: Callable[[Any, Any], Any], **names: Any
) -> None:
    """Take instances of ``cls`` for containers: ``flatten_fn(x)`` gives (children, context), ``unflatten_fn`` undoes it.

    ``names`` are PyTorch's ``serialized_type_name``, ``flatten_with_keys_fn`` ..., for exporting. Raises ValueError if the
    class is registered already.
    """
    if cls in _REGISTERED:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _REGISTERED[cls] = (flatten_fn, unflatten_fn)


def _dict_flatten_with_keys(tree: dict[Any, Any]) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """The items of a dictionary and its keys, which libraries name when they register classes like it."""
    return list(tree.items()), list(tree)


def _children(tree: Any) -> tuple[Any, Any, list[Any]] | None:
    """type, context and children of a container; None for a leaf."""
    kind = type(tree)
    if kind in (list, tuple, deque):
        return kind, tree.maxlen if kind is deque else None, list(tree)
    if kind in (dict, OrderedDict):
        return kind, list(tree), list(tree.values())
    if kind is defaultdict:
        return kind, [tree.default_factory, list(tree)], list(tree.values())
    if kind in _REGISTERED:
        children, context = _REGISTERED[kind][0](tree)
        return kind, context, list(children)
    if is_namedtuple(tree):
        return kind, None, list(tree)
    return None


def is_namedtuple(obj: Any) -> bool:
    """Whether this is a named tuple."""
    return is_namedtuple_class(type(obj))


def is_namedtuple_class(cls: Any) -> bool:
    """Whether this is a class of named tuples."""
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def tree_flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], TreeSpec]:
    """The leaves from left to right, and the shape of the nest."""
    parts = None if is_leaf is not None and is_leaf(tree) else _children(tree)
    if parts is None:
        return [tree], LeafSpec()
    kind, context, children = parts
    leaves: list[Any] = []
    specs = []
    for child in children:
        found, spec = tree_flatten(child, is_leaf)
        leaves += found
        specs.append(spec)
    return leaves, TreeSpec(kind, context, specs)


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> Any:
    """The nest of this shape with these leaves. Raises ValueError if their number differs."""
    values = list(leaves)
    if len(values) != treespec.num_leaves:
        raise ValueError(f"tree_unflatten: the shape has {treespec.num_leaves} leaves, and {len(values)} were given")
    return _build(iter(values), treespec)


def _build(values: Any, spec: TreeSpec) -> Any:
    if spec.type is None:
        return next(values)
    children = [_build(values, c) for c in spec.children_specs]
    if spec.type in _REGISTERED:
        return _REGISTERED[spec.type][1](children, spec.context)
    if spec.type in (list, tuple):
        return spec.type(children)
    if spec.type is deque:
        return deque(children, spec.context)
    if spec.type is defaultdict:
        return defaultdict(spec.context[0], zip(spec.context[1], children, strict=True))
    if spec.type in (dict, OrderedDict):
        return spec.type(zip(spec.context, children, strict=True))
    return spec.type(*children)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves from left to right."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """The shape of the nest."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """The nest with ``func`` applied to each leaf (and to those at the same place in the other nests)."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [tree_flatten(rest, is_leaf)[0] for rest in rests]
    return tree_unflatten([func(*group) for group in zip(leaves, *others, strict=True)], spec)


def tree_map_only(kind: Any, func: Callable[[Any], Any], tree: Any) -> Any:
    """``tree_map`` over the leaves of one type; the others stay."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree)


def tree_any(pred: Callable[[Any], bool], tree: Any) -> bool:
    """Whether ``pred`` holds for some leaf."""
    return any(map(pred, tree_leaves(tree)))


def tree_all(pred: Callable[[Any], bool], tree: Any) -> bool:
    """Whether ``pred`` holds for all leaves."""
    return all(map(pred, tree_leaves(tree)))


def tree_is_leaf(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> bool:
    """Whether this is a leaf, not a container."""
    return (is_leaf is not None and is_leaf(tree)) or _children(tree) is None


def tree_iter(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Iterator[Any]:
    """The leaves from left to right, one at a time."""
    yield from tree_leaves(tree, is_leaf)


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """Call ``func`` on each leaf for what it does to it; returns the nest itself."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only_(kind: Any, func: Callable[[Any], Any], tree: Any) -> Any:
    """``tree_map_`` over the leaves of one type."""
    tree_map_only(kind, func, tree)
    return tree


def tree_any_only(kind: Any, pred: Callable[[Any], bool], tree: Any) -> bool:
    """Whether ``pred`` holds for some leaf of one type."""
    return any(pred(leaf) for leaf in tree_leaves(tree) if isinstance(leaf, kind))


def tree_all_only(kind: Any, pred: Callable[[Any], bool], tree: Any) -> bool:
    """Whether ``pred`` holds for all leaves of one type."""
    return all(pred(leaf) for leaf in tree_leaves(tree) if isinstance(leaf, kind))


# --- where a leaf is -----------------------------------------------------------------------------------------------


class SequenceKey(NamedTuple):
    """A place in a list or tuple, or among the children of a registered class."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, container: Any) -> Any:
        """What is there."""
        return container[self.idx]


class MappingKey(NamedTuple):
    """A place in a dictionary."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, container: Any) -> Any:
        """What is there."""
        return container[self.key]


class GetAttrKey(NamedTuple):
    """A place in a named tuple."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, container: Any) -> Any:
        """What is there."""
        return getattr(container, self.name)


def keystr(kp: tuple[Any, ...]) -> str:
    """A path as Python would write it.

    >>> keystr((MappingKey("a"), SequenceKey(0), GetAttrKey("weight")))
    "['a'][0].weight"
    """
    return "".join(map(str, kp))


def key_get(obj: Any, kp: tuple[Any, ...]) -> Any:
    """What is at the end of a path."""
    for key in kp:
        obj = key.get(obj)
    return obj


def tree_leaves_with_path(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves from left to right, each after its path.

    >>> [(keystr(path), leaf) for path, leaf in tree_leaves_with_path({"a": [1, 2]})]
    [("['a'][0]", 1), ("['a'][1]", 2)]
    """
    parts = None if is_leaf is not None and is_leaf(tree) else _children(tree)
    if parts is None:
        return [((), tree)]
    kind, _, children = parts
    if isinstance(tree, dict):
        keys: list[Any] = [MappingKey(key) for key in tree]
    elif is_namedtuple_class(kind):
        keys = [GetAttrKey(name) for name in kind._fields]
    else:
        keys = [SequenceKey(i) for i in range(len(children))]
    return [
        ((key, *path), leaf)
        for key, child in zip(keys, children, strict=True)
        for path, leaf in tree_leaves_with_path(child, is_leaf)
    ]


def tree_flatten_with_path(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[tuple[tuple[Any, ...], Any]], TreeSpec]:
    """The leaves with their paths, and the shape of the nest."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """The nest with ``func(path, leaf, ...)`` in place of each leaf."""
    found, spec = tree_flatten_with_path(tree, is_leaf)
    others = [tree_leaves(rest, is_leaf) for rest in rests]
    return tree_unflatten([func(*pair, *more) for pair, *more in zip(found, *others, strict=True)], spec)
