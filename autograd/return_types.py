"""The named tuples that functions with several results return, as ``torch.return_types`` has them.

>>> import autograd
>>> autograd.max(autograd.tensor([[1.0, 3.0]]), dim=1).indices
tensor([1])
"""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


class _Named(tuple[Any, ...]):
    """A tuple whose items also have names; the subclasses below say which."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __new__(cls, *values: Any) -> Any:
        return tuple.__new__(cls, values[0] if len(values) == 1 and len(cls._fields) > 1 else values)

    def __repr__(self) -> str:
        return (
            f"torch.return_types.{type(self).__name__}(\n"
            + ",\n".join([f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True)])
            + ")"
        )

    def __reduce__(self) -> Any:
        return type(self), (tuple(self),)


def _field(i: int) -> property:
    return property(lambda self: self[i])


_FIELDS = {
    "values indices": "cummax cummin kthvalue max median min mode nanmedian sort topk",
    "min max": "aminmax",
    "mantissa exponent": "frexp",
    "hist bin_edges": "histogram histogramdd",
    "Q R": "linalg_qr qr",
    "eigenvalues eigenvectors": "linalg_eig linalg_eigh",
    "U S Vh": "linalg_svd",
    "U S V": "svd",
    "sign logabsdet": "linalg_slogdet",
    "sign logabsdet ": "slogdet",
    "a tau": "geqrf",
    "L info": "linalg_cholesky_ex",
    "inverse info": "linalg_inv_ex",
    "LU pivots": "linalg_lu_factor",
    "LU pivots info": "linalg_lu_factor_ex _lu_with_info",
    "P L U": "linalg_lu lu_unpack",
    "LD pivots": "linalg_ldl_factor",
    "LD pivots info": "linalg_ldl_factor_ex",
    "result info": "linalg_solve_ex",
    "solution residuals rank singular_values": "linalg_lstsq",
    "solution cloned_coefficient": "triangular_solve",
}

for _names, _types in _FIELDS.items():
    for _type in [f"{name}{ending}" for name in _types.split() for ending in ("", "_out")]:  # the latter with out=
        globals()[_type] = type(
            _type,
            (_Named,),
            {"__slots__": (), "_fields": tuple(_names.split())} | {n: _field(i) for i, n in enumerate(_names.split())},
        )
        __all__.append(_type)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
