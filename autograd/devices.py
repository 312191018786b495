"""The one device there is: the CPU."""

from __future__ import annotations

from typing import Any

__all__ = ["device", "get_default_device", "set_default_device"]


class device:
    """A place for tensors. Only ``device('cpu')`` can hold one; others can be named, so that programs can ask for them.

    >>> device("cpu") == "cpu", device("cuda:1").index
    (True, 1)
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        self.type: str
        self.index: int | None
        if isinstance(type, device):
            type, index = type.type, type.index
        if isinstance(type, int):
            type, index = "cuda", type
        kind, _, number = str(type).partition(":")
        if kind not in ("cpu", "cuda", "mps", "meta", "xpu", "xla", "hpu", "mtia", "ipu", "privateuseone", "vulkan"):
            raise RuntimeError(
                f"Expected one of cpu, cuda, mps, meta ... device type at start of device string: {kind}"
            )
        self.type = kind
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        at = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{at})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return str(self) == other
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        check_device(self)
        return self

    def __exit__(self, *exc: object) -> None:
        pass


CPU = device("cpu")


def check_device(wanted: Any) -> None:
    """Raise RuntimeError unless ``wanted`` is the CPU (or None, which means the default)."""
    if wanted is None or wanted is CPU:
        return
    kind = device(wanted).type
    if kind == "meta":
        raise RuntimeError(
            "device 'meta' is not available: tensors here have values. Leave it out: functional_call takes a module that "
            "has parameters of its own too, and parameters are counted in one made on the CPU"
        )
    if kind != "cpu":
        raise RuntimeError(
            f"device {str(wanted)!r} is not available: this library computes on the CPU. Use device='cpu'"
        )


def get_default_device() -> device:
    """The device of new tensors: the CPU."""
    return CPU


def set_default_device(device: Any) -> None:
    """Accepts the CPU. Raises RuntimeError for any other device."""
    check_device(device)
