"""Tensor: an array, and the node that says where it came from.

The class here is only the noun: its three slots, its attributes and what makes it a leaf or a constant. Operators and
the hundreds of methods are bound to it from the tables in ``ops/`` (see ``ops/__init__.py``).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from . import dtypes, layouts
from .devices import CPU, check_device, device
from .graph import Handle, Leaf, Node, Part, called_again, mode, note
from .views import UNTRACKED, Lineage, current, last_write

__all__ = ["Size", "Tensor", "attributes_of", "is_tensor", "tensors_in"]

new = object.__new__
DEPTH = 5
"""Containers within containers that are searched for the tensors of a result."""
PLAIN = (int, float, complex, str, bytes, type, type(None), np.ndarray, np.generic)


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of ints that knows their product.

    >>> Size([2, 3]).numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        n = 1
        for k in self:
            n *= k
        return n

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other: Any) -> Size:
        return Size(tuple(self) + tuple(other))

    def __getitem__(self, index: Any) -> Any:
        got = tuple.__getitem__(self, index)
        return Size(got) if type(index) is slice else got


if TYPE_CHECKING:
    from ._methods import Methods  # what methods.bind gives Tensor, written down by tools/stubs.py
else:
    Methods = object


class Tensor(Methods):
    """A multi-dimensional array that remembers how it was computed.

    ``Tensor(2, 3)`` is an uninitialised 2x3 tensor of the default dtype and ``Tensor([1, 2])`` one with that data; most
    programs use ``autograd.tensor``, ``zeros``, ``randn`` and their kin instead.

    Source: https://docs.pytorch.org/docs/stable/tensors.html

    >>> import autograd
    >>> x = autograd.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__dict__", "__weakref__", "array", "lineage", "node")

    array: np.ndarray[Any, Any]
    node: Node | None
    lineage: Lineage | None

    __array_priority__ = 1000  # ndarray * Tensor comes to us
    is_cpu: ClassVar[bool] = True
    is_cuda: ClassVar[bool] = False
    is_xpu: ClassVar[bool] = False
    is_mps: ClassVar[bool] = False
    is_meta: ClassVar[bool] = False
    is_quantized: ClassVar[bool] = False
    is_nested: ClassVar[bool] = False
    is_sparse: ClassVar[bool] = False
    is_sparse_csr: ClassVar[bool] = False
    is_mkldnn: ClassVar[bool] = False
    layout: ClassVar[Any] = layouts.strided

    def __new__(cls, *data: Any, device: Any = None) -> Any:
        from .conversion import legacy

        check_device(device)
        return legacy(cls, dtypes.default_float(), data)

    # --- its subclasses ---

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        from .overrides import disabled, listen

        if cls.__torch_function__ is not disabled:
            listen()

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What a subclass gives for a call with one of its tensors: the function's results, of that class (see ``overrides``)."""
        from .overrides import results_of_class

        return results_of_class(cls, func, types, args, kwargs)

    def as_subclass(self, cls: type[Any]) -> Any:
        """The same values, memory and place in the graph, as a tensor of another class. Raises TypeError if that is no subclass of Tensor."""
        from .ops.shape import alias

        if not (isinstance(cls, type) and issubclass(cls, Tensor)):
            raise TypeError(f"as_subclass(): cls must be a subclass of Tensor, but got {cls!r}")
        seen = alias(self)
        made: Any = new(cls)
        made.array, made.node, made.lineage = seen.array, seen.node, seen.lineage
        return made

    @staticmethod
    def _make_subclass(cls: type[Any], data: Tensor, require_grad: bool = False) -> Any:
        """A constant of class ``cls`` on the memory of ``data``, or with ``require_grad`` a leaf: what its ``__new__`` returns."""
        return data.detach().as_subclass(cls).requires_grad_(require_grad)

    # --- what it is ---

    @property
    def shape(self) -> Size:
        """The length of each dimension."""
        return Size(self.array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.of(self.array.dtype)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.array.nbytes

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of dimension ``dim``."""
        return Size(self.array.shape) if dim is None else self.array.shape[check_dim(self, dim)]

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    nelement = numel

    def element_size(self) -> int:
        """Bytes of one element."""
        return self.array.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """The step in memory, in elements, along each dimension (or along ``dim``)."""
        steps = tuple(s // self.array.itemsize for s in self.array.strides)
        return steps if dim is None else steps[check_dim(self, dim)]

    def dim_order(self, *, ambiguity_check: Any = False) -> tuple[int, ...]:
        """The dimensions from the one with the longest step in memory to the one with the shortest.

        ``ambiguity_check`` (True, or memory formats): raise RuntimeError if other orders would do as well, and not one of
        the formats alone says which.
        """
        if ambiguity_check:
            formats = [] if ambiguity_check is True else ambiguity_check
            alike = len(set(self.array.strides)) < self.array.ndim or 1 in self.array.shape
            if alike and [self.is_contiguous(memory_format=f) for f in formats].count(True) != 1:
                raise RuntimeError(
                    "The tensor does not have unique dim order, or cannot map to exact one of the given memory formats."
                )
        return tuple(sorted(range(self.array.ndim), key=lambda i: -self.array.strides[i]))

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating point one."""
        return bool(self.array.dtype.kind in "fV")

    def is_complex(self) -> bool:
        """Whether the dtype is complex."""
        return self.array.dtype.kind == "c"  # type: ignore[no-any-return]

    def is_nonzero(self) -> bool:
        """Whether the one element is not zero. Raises RuntimeError for other numbers of elements."""
        if self.array.size != 1:
            raise RuntimeError(f"Boolean value of Tensor with {self.array.size or 'no'} values is ambiguous")
        return bool(self.array.item())

    def is_signed(self) -> bool:
        """Whether the dtype has a sign."""
        return self.dtype.is_signed

    def is_inference(self) -> bool:
        """False: tensors made in inference mode are ordinary constants here."""
        return False

    def get_device(self) -> int:
        """-1: the CPU."""
        return -1

    # --- its place in the graph ---

    @property
    def volatile(self) -> bool:
        """False: ``no_grad`` took its place in PyTorch 0.4; old programs hand it on."""
        return False

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded; set it on a leaf to ask for a gradient."""
        return current(self) is not None

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        self.requires_grad_(flag)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient (or no longer), in place; returns self.

        Raises RuntimeError for integer and bool tensors, and when switching off a tensor that is not a leaf.
        """
        node = current(self)
        if requires_grad and node is None:
            if not dtypes.is_float(self.array.dtype):
                raise RuntimeError(
                    "only Tensors of floating point and complex dtype can require gradients, and this one is "
                    f"{self.dtype}. Convert it first: t.float()"
                )
            leaf = self.__dict__.pop("_resting_leaf", None)
            self.node = leaf if leaf is not None else Leaf(self, self.array.shape, self.array.dtype)
        elif not requires_grad and node is not None:
            if type(node) is not Leaf:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            self.__dict__["_resting_leaf"] = node  # keeps the gradient and the hooks
            self.node = None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the user made this tensor, rather than a recorded operation."""
        node = current(self)
        return node is None or type(node) is Leaf

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made this tensor; None for a leaf."""
        node = current(self)
        if node is None or type(node) is Leaf:
            return None
        from .node_names import named

        return named(node.parents[0] if type(node) is Part else node)  # type: ignore[no-any-return]

    @property
    def _cdata(self) -> int:
        """A number that no other living tensor has (PyTorch's is an address): programs ask whether two are one."""
        return id(self)

    @property
    def output_nr(self) -> int:
        """Which of its operation's results this is."""
        return self.node.params[0] if type(self.node) is Part else 0

    def _leaf(self) -> Leaf | None:
        node = self.node
        return node if type(node) is Leaf else self.__dict__.get("_resting_leaf")  # type: ignore[return-value]

    @property
    def grad(self) -> Tensor | None:
        """The accumulated gradient of a leaf, or of a tensor that retains it."""
        node = current(self)
        if type(node) is Leaf:
            return node.grad
        if node is None:
            leaf = self.__dict__.get("_resting_leaf")
            return None if leaf is None else leaf.grad  # type: ignore[no-any-return]
        if node.notes is not None and node.notes.grad:
            return node.notes.grad[0]  # type: ignore[no-any-return]
        if not (node.notes is not None and node.notes.grad is not None):
            import warnings

            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't "
                "be populated during autograd.backward(). If you indeed want the .grad field to be populated for a "
                "non-leaf Tensor, use .retain_grad() on the non-leaf Tensor.",
                UserWarning,
                stacklevel=2,
            )
        return None

    @grad.setter
    @called_again
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value).__name__}")
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value.array.shape != self.array.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: the tensor is {list(self.array.shape)}, "
                    f"the grad {list(value.array.shape)}"
                )
            if value.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: the tensor is {self.dtype}, the grad {value.dtype}"
                )
        leaf = self._leaf()
        if leaf is None:
            node = current(self)
            if node is not None:
                note(node).grad = [] if value is None else [value]
                return
            if value is None:
                return
            leaf = self.__dict__["_resting_leaf"] = Leaf(self, self.array.shape, self.array.dtype)
        leaf.grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in ``.grad`` when backward comes by."""
        node = current(self)
        if node is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if type(node) is not Leaf and note(node).grad is None:
            note(node).grad = []

    @property
    def retains_grad(self) -> bool:
        """Whether ``retain_grad`` was called."""
        node = current(self)
        return type(node) is not Leaf and node is not None and node.notes is not None and node.notes.grad is not None

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Handle:
        """Call ``hook(grad)`` when the gradient of this tensor is known; what it returns replaces it."""
        node = current(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        notes = note(node)
        notes.hooks = {} if notes.hooks is None else notes.hooks
        return Handle(notes.hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Handle:
        """Call ``hook(self)`` each time after the gradient of this leaf was accumulated into ``.grad``."""
        node = current(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if type(node) is not Leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        notes = note(node)
        notes.after = {} if notes.after is None else notes.after
        return Handle(notes.after, hook)

    def detach(self) -> Tensor:
        """A constant on the same memory."""
        return wrap(self.array)

    def detach_(self) -> Tensor:
        """Forget where this tensor came from, in place.

        Raises RuntimeError on a view: its base would still know.
        """
        if self.lineage is not None and self.lineage is not UNTRACKED:
            raise RuntimeError(
                "can't detach views in-place: this tensor shares memory with its base, which stays in the graph. "
                "Use detach() instead"
            )
        self.node = None
        return self

    @property
    def data(self) -> Tensor:
        """A constant on the same memory, whose in-place writes nobody records or checks."""
        made = wrap(self.array)
        made.lineage = UNTRACKED
        return made

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self.array = value.array
        leaf = self._leaf()
        if leaf is not None:
            leaf.shape, leaf.dtype = value.array.shape, value.array.dtype

    @property
    def _version(self) -> int:
        write = last_write(self.array)
        return 0 if write is None else write.count

    @property
    def _base(self) -> Tensor | None:
        return None if self.lineage is None else self.lineage.base

    def _is_view(self) -> bool:
        """Whether this tensor is a view of another one, and writes through it are followed."""
        return self.lineage is not None

    def is_shared(self) -> bool:
        """Whether other processes see the memory."""
        return False

    # --- Python's protocols ---

    def __len__(self) -> int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))  # type: ignore[attr-defined]

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise RuntimeError(
                f"Boolean value of Tensor with {'no values' if self.array.size == 0 else 'more than one value'} is "
                f"ambiguous: the shape is {list(self.array.shape)}. Use .any() or .all()"
            )
        return bool(self.item())

    def item(self) -> Any:
        """The only element as a Python number. Raises RuntimeError if there is not exactly one."""
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar: the shape is {list(self.shape)}. "
                "Use .tolist(), or reduce it first"
            )
        looked()
        return self.array.item()

    def __float__(self) -> float:
        return float(self._only())

    def __int__(self) -> int:
        return int(self._only())

    def __complex__(self) -> complex:
        return complex(self._only())

    def _only(self) -> Any:
        """As ``item``, with the error that Python's own conversions raise."""
        if self.array.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars; this one has the shape "
                f"{list(self.array.shape)}. Use .tolist()"
            )
        return self.item()

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind not in "biu":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    def __hash__(self) -> int:
        return id(self)

    def __contains__(self, element: Any) -> bool:
        value = element.array if isinstance(element, Tensor) else element
        return bool((self.array == value).any())

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ("lineage",)]

    def tolist(self) -> Any:
        """The elements as nested Python lists of numbers; a number for a 0-d tensor."""
        looked()
        return self.array.tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The array itself: writes to it are seen by the tensor.

        Raises RuntimeError when the tensor requires grad, unless ``force``, or no gradients are being recorded.
        """
        if not force and current(self) is not None and mode.now.enabled:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        looked()
        return self.array


def looked() -> None:
    """Python looks at values: what follows may depend on them, so a step that is being compiled can't be replayed."""
    if mode.now.recorder is not None:
        mode.now.recorder.refuse(
            "the step looks at a value (item(), numpy(), bool() ...). Return the tensor and look at it outside"
        )


blank = functools.partial(new, Tensor)  # quicker than to say so each time


def wrap(array: Any, node: Node | None = None) -> Tensor:
    """A Tensor of this array (a NumPy scalar becomes 0-d) and node, with no copy."""
    made: Tensor = blank()
    made.array = array if type(array) is np.ndarray else np.asarray(array)
    made.node = node
    made.lineage = None
    return made


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in what a function returned: in tuples, lists, dictionaries and attributes of objects, a few deep.

    >>> import autograd
    >>> [t.item() for t in tensors_in({"loss": autograd.tensor(1.0), "parts": [autograd.tensor(2.0), "text"]})]
    [1.0, 2.0]
    """
    if type(value) is tuple and set(map(type, value)) == {Tensor}:
        return list(value)
    found: list[Tensor] = []
    seen: set[int] = set()
    stack = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        if isinstance(item, Tensor):
            found.append(item)
        elif depth < DEPTH and not isinstance(item, PLAIN) and id(item) not in seen:
            seen.add(id(item))
            stack.extend([(part, depth + 1) for part in _parts(item)][::-1])
    return found


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, (tuple, list)):
        return value
    return value.values() if isinstance(value, dict) else attributes_of(value).values()


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object holds by name; a dataclass may hold it in slots."""
    found = getattr(value, "__dict__", None)
    if isinstance(found, dict):
        return found
    return {name: getattr(value, name, None) for name in getattr(value, "__dataclass_fields__", ())}


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)


def check_dim(tensor: Any, dim: Any) -> int:
    """``dim`` as a non-negative int. Raises IndexError that names the axis and the range."""
    return normal_dim(dim, tensor.ndim)


def normal_dim(dim: Any, ndim: int) -> int:
    """``dim`` counted from the front. A 0-d tensor accepts 0 and -1, as in PyTorch."""
    at = dim.__index__()
    n = max(ndim, 1)
    if not -n <= at < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {at})")
    return int(at % n)
