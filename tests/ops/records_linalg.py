"""Records of matrix products, norms, decompositions and Fourier transforms."""

from __future__ import annotations

import numpy as np

from autograd.ops import decompositions, fft, linalg, matrices, norms, pivoting

from .records import Record, args, away_from, complex_normal, normal


def square(*shape):
    """Matrices far from singular."""
    return normal(*shape) + 3 * np.eye(shape[-1])


def complex_square(*shape):
    """Complex matrices far from singular."""
    return complex_normal(*shape) + 3 * np.eye(shape[-1])


def through(function, before=lambda x: x, after=lambda *y: y):
    """The operation on prepared arguments, with results whose sign or phase is not left open."""

    def call(x, *rest):
        made = function(before(x), *rest)
        return after(*made) if isinstance(made, tuple) else made

    call.op = function.op
    return call


def symmetric(x):
    return x + x.mH


def definite(x):
    return x @ x.mH + np.eye(x.shape[-1], dtype=np.dtype(x.dtype))


def _cofactors(x):
    return np.linalg.det(x)[..., None, None] * np.linalg.inv(x).mT


def _norm(x, ord, dims, keepdim):
    if dims is None:
        x, dims = x.reshape(-1), 0
    return np.linalg.norm(x, ord, dims[0] if isinstance(dims, tuple) and len(dims) == 1 else dims, keepdim)


def _distances(a, b):
    return np.sqrt(((a[..., :, None, :] - b[..., None, :, :]) ** 2).sum(-1))


SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])

RECORDS = [
    Record(linalg.matrix_product, [args(normal(2, 3), normal(3, 4)), args(normal(2, 1, 2, 3), normal(3, 3, 2)), args(normal(0, 3), normal(3, 2)), args(complex_normal(2, 3), complex_normal(3, 2))], np.matmul),
    Record(linalg.dot_product, [args(normal(3), normal(3))], np.dot),
    Record(norms.share, [args(normal(2, 3), normal(2, 3)), args(normal(2, 1), normal(3) + 3)], np.divide),
    Record(norms.norm_over, [args(away_from(0.0)(3, 4), p, d, k) for p in (1, 2, 3, 0.5, np.inf, -np.inf) for d, k in ((None, False), ((0,), True), ((1,), False))] + [args(complex_normal(3, 4), p, (1,), False) for p in (1, 2, 3)], _norm),
    Record(norms.euclidean, [args(normal(3, 2), normal(4, 2), False), args(normal(2, 3, 2), normal(2, 4, 2), True), args(normal(30, 2), normal(3, 2), True)], lambda x, y, by_product: _distances(x, y), tolerance=1e-5),
    Record(norms.pull, [args(normal(3, 4), normal(3, 2), normal(4, 2)), args(normal(2, 3, 4), normal(2, 3, 2), normal(1, 4, 2))], lambda w, x, y: (w[..., None] * (x[..., :, None, :] - y[..., None, :, :])).sum(-2)),
    Record(matrices.invert, [args(square(3, 3)), args(complex_square(2, 3, 3))], np.linalg.inv),
    Record(matrices.solve_matrices, [args(square(3, 3), normal(3, 2)), args(complex_square(2, 3, 3), complex_normal(2, 3, 2))], np.linalg.solve),
    Record(matrices.determinant, [args(square(3, 3)), args(complex_square(2, 3, 3)), args(SINGULAR)], np.linalg.det),
    Record(matrices.cofactors, [args(square(3, 3)), args(complex_square(2, 2, 2))], _cofactors),
    Record(matrices.second_cofactors, [args(square(3, 3), normal(3, 3)), args(complex_square(3, 3), complex_normal(3, 3))]),
    Record(matrices.sign_and_log, [args(square(3, 3)), args(complex_square(2, 3, 3))], np.linalg.slogdet),
    Record(through(decompositions.lower_cholesky, definite), [args(normal(3, 3)), args(complex_normal(2, 3, 3))]),
    Record(through(decompositions.symmetric_eigen, symmetric, lambda w, v: (w, abs(v))), [args(normal(3, 3), "L"), args(complex_normal(2, 3, 3), "U")]),
    Record(through(decompositions.eigen, after=lambda w, v: (w, abs(v))), [args(normal(3, 3)), args(complex_normal(2, 3, 3))]),
    Record(through(decompositions.singular, after=lambda u, s, vh: (abs(u), s, abs(vh))), [args(normal(3, 3), False), args(normal(4, 2), False), args(complex_normal(2, 4), False)]),
    Record(decompositions.singular_values, [args(normal(3, 4)), args(complex_normal(2, 3, 2))], lambda x: np.linalg.svd(x, compute_uv=False)),
    Record(decompositions.pseudo_inverse, [args(normal(3, 4), None, None, False), args(normal(2, 4, 3), None, None, False), args(complex_normal(3, 2), None, None, False)], lambda x, *_: np.linalg.pinv(x)),
    Record(decompositions.tall_qr, [args(normal(3, 3)), args(normal(4, 2))], np.linalg.qr),
    Record(pivoting.square_lu, [args(square(3, 3)), args(complex_square(2, 3, 3))]),
    Record(matrices.exponential, [args(normal(3, 3)), args(8 * normal(2, 2, 2)), args(complex_normal(2, 2))], tolerance=1e-5),
    Record(fft.c2c, [args(complex_normal(4), (0,), "backward", False), args(complex_normal(3, 4), (0, 1), "ortho", True)], lambda x, d, n, i: (np.fft.ifftn if i else np.fft.fftn)(x, axes=d, norm=n)),
    Record(fft.r2c, [args(normal(4), 0, "forward"), args(normal(3, 5), 1, "backward")], lambda x, d, n: np.fft.rfft(x, axis=d, norm=n)),
    Record(fft.c2r, [args(complex_normal(3), 0, "ortho", 4), args(complex_normal(3, 2), 0, "backward", 5)], lambda x, d, n, k: np.fft.irfft(x, k, axis=d, norm=n)),
]  # fmt: skip
