"""Linear algebra, by the names of ``torch.linalg``.

Source: https://docs.pytorch.org/docs/stable/linalg.html
"""

from __future__ import annotations

from .ops.decompositions import (
    cholesky_ex,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    householder_product,
    lstsq,
    matrix_rank,
    pinv,
    solve_triangular,
    svdvals,
)
from .ops.decompositions import linalg_cholesky as cholesky
from .ops.decompositions import linalg_qr as qr
from .ops.decompositions import linalg_svd as svd
from .ops.linalg import matmul, multi_dot
from .ops.linalg import vector_product as cross
from .ops.matrices import (
    LinAlgError,
    det,
    inv,
    inv_ex,
    matrix_exp,
    matrix_power,
    slogdet,
    solve,
    solve_ex,
    tensorinv,
    tensorsolve,
    vecdot,
)
from .ops.matrices import linalg_diagonal as diagonal
from .ops.matrices import linalg_vander as vander
from .ops.norms import cond, matrix_norm, vector_norm
from .ops.norms import linalg_norm as norm
from .ops.pivoting import ldl_factor, ldl_factor_ex, ldl_solve, lu_factor, lu_factor_ex
from .ops.pivoting import linalg_lu as lu
from .ops.pivoting import linalg_lu_solve as lu_solve

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals",
    "eigvalsh", "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex", "ldl_solve", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve",
    "matmul", "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr",
    "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander",
    "vecdot", "vector_norm",
]  # fmt: skip
