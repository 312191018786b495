"""Transforms, constraints and the registries between them, beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import distributions as D

torch = pytest.importorskip("torch")
T = torch.distributions
RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 6))
SQUARE = RNG.standard_normal((2, 3, 3))
SIDES = ((autograd, D), (torch, T))

TRANSFORMS = {
    "exp": (lambda t, v, d: t.ExpTransform(), X),
    "inverse": (lambda t, v, d: t.ExpTransform().inv, np.exp(X)),
    "power": (lambda t, v, d: t.PowerTransform(v([2.0, -1.0, 0.5, 3.0, 1.0, -2.0])), np.exp(X)),
    "sigmoid": (lambda t, v, d: t.SigmoidTransform(), X),
    "softplus": (lambda t, v, d: t.SoftplusTransform(), X),
    "tanh": (lambda t, v, d: t.TanhTransform(), X),
    "affine": (lambda t, v, d: t.AffineTransform(v(1.0), v(-2.0)), X),
    "affine, of vectors": (lambda t, v, d: t.AffineTransform(1.0, 2.0, event_dim=1), X),
    "softmax": (lambda t, v, d: t.SoftmaxTransform(), X),
    "stick": (lambda t, v, d: t.StickBreakingTransform(), X),
    "correlation": (lambda t, v, d: t.CorrCholeskyTransform(), X),
    "cholesky": (lambda t, v, d: t.LowerCholeskyTransform(), SQUARE),
    "definite": (lambda t, v, d: t.PositiveDefiniteTransform(), SQUARE),
    "reshape": (lambda t, v, d: t.ReshapeTransform((6,), (2, 3)), X),
    "independent": (lambda t, v, d: t.IndependentTransform(t.ExpTransform(), 1), X),
    "composed": (lambda t, v, d: t.ComposeTransform([t.TanhTransform(), t.AffineTransform(0.0, -3.0)]), X),
    "composed of vectors": (lambda t, v, d: t.ComposeTransform([t.TanhTransform(), t.StickBreakingTransform()]), X),
    "composed of shapes": (
        lambda t, v, d: t.ComposeTransform([t.ReshapeTransform((6,), (3, 2)), t.ExpTransform()]),
        X,
    ),
    "cat": (lambda t, v, d: t.CatTransform([t.ExpTransform(), t.TanhTransform()], dim=1, lengths=[2, 4]), X),
    "stack": (lambda t, v, d: t.StackTransform([t.ExpTransform(), t.SigmoidTransform()], dim=0), X),
    "cdf": (lambda t, v, d: t.CumulativeDistributionTransform(d.Normal(v(0.5), v(2.0))), X),
}


def close(ours, theirs, **kw):
    assert tuple(ours.shape) == tuple(theirs.shape) and str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), **{"rtol": 1e-9, "atol": 1e-11, **kw})


def result(call):
    try:
        return call()
    except NotImplementedError:
        return NotImplementedError


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform(name):
    make, at = TRANSFORMS[name]
    found = []
    for lib, d in SIDES:
        transform = make(d.transforms, lambda value, lib=lib: lib.tensor(value, dtype=lib.float64), d)
        x = lib.tensor(at, requires_grad=True)
        y = transform(x)
        change = result(lambda transform=transform, x=x, y=y: transform.log_abs_det_jacobian(x, y))
        loss = (y * y).sum() + (0 if change is NotImplementedError else change.sum())
        loss.backward()
        facts = [
            transform.bijective, tuple(transform.forward_shape(x.shape)), tuple(transform.inverse_shape(y.shape)),
            transform.domain.event_dim, transform.codomain.event_dim, bool(transform.codomain.check(y).all()),
            transform.inv.inv == transform, transform == make(d.transforms, lib.tensor, d) if name in ("exp", "stick", "composed") else 0,
        ]  # fmt: skip
        found.append((facts, y, transform.inv(y), x.grad, change))
    (facts, *ours), (expected, *theirs) = found
    assert facts == expected
    for a, b in zip(ours, theirs, strict=True):
        assert a is b if b is NotImplementedError else close(a, b, rtol=1e-7, atol=1e-9) is None


def test_a_cache_gives_back_the_very_tensor():
    for lib, d in SIDES:
        transform = d.transforms.TanhTransform(cache_size=1)
        x = lib.tensor(30.0)
        assert transform.inv(transform(x)) is x
        plain = transform.with_cache(0)
        assert plain.inv(plain(x)).item() == float("inf")
        whole = d.transforms.ComposeTransform([d.transforms.TanhTransform(), d.transforms.AffineTransform(0, 2)])
        assert whole.with_cache().inv(whole.with_cache()(x)).item() == float("inf")
        with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
            d.transforms.ExpTransform(cache_size=2)


MADE = {
    "cat": lambda c: c.cat([c.positive, c.unit_interval], 1, [2, 4]),
    "stack": lambda c: c.stack([c.positive, c.real], 0),
    "greater_than": lambda c: c.greater_than(1.0),
    "greater_than_eq": lambda c: c.greater_than_eq(-1.0),
    "less_than": lambda c: c.less_than(0.5),
    "interval": lambda c: c.interval(-1.0, 0.5),
    "half_open_interval": lambda c: c.half_open_interval(-1.0, 1.0),
    "integer_interval": lambda c: c.integer_interval(-1, 2),
    "independent": lambda c: c.independent(c.positive, 1),
    "multinomial": lambda c: c.multinomial(3),
}
NAMES = [
    n
    for n in T.constraints.__all__
    if n not in ("Constraint", "dependent", "dependent_property", "is_dependent", "MixtureSameFamilyConstraint")
]


def constraint(c, name):
    return MADE[name](c) if name in MADE else getattr(c, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_constraint(name):
    ours, theirs = (constraint(d.constraints, name) for _, d in SIDES)
    assert (ours.event_dim, ours.is_discrete, repr(ours)) == (theirs.event_dim, theirs.is_discrete, repr(theirs))
    eye, low = np.eye(3), np.tril(np.ones((3, 3)))
    for value in (
        X,
        np.rint(X),
        np.abs(X),
        np.eye(2, 6),
        np.full((2, 6), 1 / 6),
        SQUARE,
        SQUARE + SQUARE.mT,
        eye,
        low,
        eye - 2,
    ):
        if theirs.event_dim == 2 and value.shape[-1] != value.shape[-2] and name != "square":
            continue
        value = value if name not in MADE or value.shape == X.shape else X
        np.testing.assert_array_equal(
            ours.check(autograd.tensor(value)).numpy(), theirs.check(torch.tensor(value)).numpy()
        )


@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
@pytest.mark.parametrize("name", NAMES)
def test_from_a_constraint_to_a_transform(registry, name):
    found = []
    for lib, d in SIDES:
        allowed = constraint(d.constraints, name)
        try:
            transform = getattr(d, registry)(allowed)
        except NotImplementedError:
            found.append(None)
            continue
        x = lib.tensor(SQUARE if transform.domain.event_dim == 2 else X)
        y = transform(x)
        assert allowed.check(y).all()
        found.append((repr(transform), y, transform.inv(y)))
    ours, theirs = found
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert ours[0] == theirs[0]
        close(ours[1], theirs[1])
        close(ours[2], theirs[2], rtol=1e-6)


def test_a_constraint_of_your_own():
    class _Even(D.constraints.Constraint):
        def check(self, value):
            return value % 2 == 0

    class Doubled(D.Poisson):
        support = _Even()

    assert Doubled(3.0).log_prob(autograd.tensor(2.0)).item() < 0
    with pytest.raises(ValueError, match="within the support \\(Even\\(\\)\\)"):
        Doubled(3.0).log_prob(autograd.tensor(3.0))
    D.biject_to.register(_Even(), lambda c: D.transforms.AffineTransform(0, 2))
    assert D.biject_to(_Even())(autograd.tensor(3.0)).item() == 6
    with pytest.raises(TypeError, match="Constraint subclass or instance"):
        D.biject_to.register(3, None)(lambda c: c)
    assert D.constraints.is_dependent(D.Uniform.support) and not D.constraints.is_dependent(D.Normal.support)
    with pytest.raises(NotImplementedError, match="cannot be determined statically"):
        _ = D.constraints.dependent.event_dim


def test_transformed_distributions_take_the_shapes_that_their_transforms_need():
    for transform in ("StickBreakingTransform", "CorrCholeskyTransform", "SoftmaxTransform", "ExpTransform"):
        found = []
        for lib, d in SIDES:
            base = d.Normal(lib.tensor(X), lib.tensor(1.0, dtype=lib.float64))
            made = d.TransformedDistribution(base, getattr(d.transforms, transform)())
            lib.manual_seed(0)
            draws = made.rsample((4,))
            facts = (tuple(made.batch_shape), tuple(made.event_shape), repr(made.support))
            wide = made.expand((3, *made.batch_shape))
            log = [] if transform == "SoftmaxTransform" else [made.log_prob(draws), wide.log_prob(draws[:3])]
            found.append((facts, [draws, *log]))
        assert found[0][0] == found[1][0]
        for a, b in zip(found[0][1], found[1][1], strict=True):
            close(a, b)
