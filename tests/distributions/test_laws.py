"""What must hold of distributions, with no other library to compare with."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd
from autograd import distributions as D


def t(*values):
    return autograd.tensor(np.array(values, np.float64))


CONTINUOUS = [
    D.Normal(t(0.3), t(1.2)), D.LogNormal(t(0.1), t(0.5)), D.HalfNormal(t(1.3)), D.Uniform(t(-1.0), t(2.0)), D.Exponential(t(1.5)),
    D.Laplace(t(0.2), t(0.8)), D.Gumbel(t(0.1), t(0.9)), D.Gamma(t(2.5), t(1.5)), D.Beta(t(2.0), t(3.0)), D.StudentT(t(5.0), t(0.1), t(1.0)),
    D.Weibull(t(1.2), t(1.7)), D.Pareto(t(1.0), t(5.0)), D.Chi2(t(4.0)), D.Cauchy(t(0.0), t(1.0)),
]  # fmt: skip
DISCRETE = [
    D.Bernoulli(t(0.3)), D.Geometric(t(0.4)), D.Binomial(t(6.0), t(0.35)), D.Poisson(t(2.5)), D.NegativeBinomial(t(3.0), t(0.4)),
]  # fmt: skip


def grid(d):
    bounded = isinstance(d, (D.Uniform, D.Beta))
    low = {True: -1.0 if isinstance(d, D.Uniform) else 0.0}.get(
        bounded, -400.0 if d.support is D.constraints.real else 0.0
    )
    low = 1.0 if isinstance(d, D.Pareto) else low
    high = (2.0 if isinstance(d, D.Uniform) else 1.0) if bounded else 400.0
    edges = np.linspace(low, high, 2_000_001)
    return (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]


@pytest.mark.parametrize("d", CONTINUOUS, ids=lambda d: type(d).__name__)
def test_densities_add_up_and_give_the_moments(d):
    x, dx = grid(d)
    d._validate_args = False
    density = np.exp(d.log_prob(autograd.tensor(x)).numpy())
    heavy = isinstance(d, D.Cauchy)
    assert density.sum() * dx == pytest.approx(1, abs=3e-3 if heavy else 1e-4)
    if not heavy:
        assert (density * x).sum() * dx == pytest.approx(d.mean.item(), abs=1e-3)
        assert (density * (x - d.mean.item()) ** 2).sum() * dx == pytest.approx(d.variance.item(), rel=5e-3)
        surprise = -(density * np.where(density > 0, np.log(np.maximum(density, 1e-300)), 0)).sum() * dx
        assert surprise == pytest.approx(d.entropy().item(), abs=2e-3)


@pytest.mark.parametrize("d", CONTINUOUS, ids=lambda d: type(d).__name__)
def test_distribution_functions(d):
    autograd.manual_seed(0)
    x = d.sample((500,))
    try:
        below = d.cdf(x)
    except NotImplementedError:
        pytest.skip("has no distribution function")
    assert abs(below.mean().item() - 0.5) < 0.06 and (below >= 0).all() and (below <= 1).all()
    try:
        np.testing.assert_allclose(d.icdf(below).numpy(), x.numpy(), rtol=1e-5, atol=1e-8)
    except NotImplementedError:
        pass


@pytest.mark.parametrize("d", DISCRETE, ids=lambda d: type(d).__name__)
def test_probabilities_add_up_and_give_the_moments(d):
    most = 1 if isinstance(d, D.Bernoulli) else 6 if isinstance(d, D.Binomial) else 150
    k = np.arange(most + 1.0)
    p = np.exp(d.log_prob(autograd.tensor(k)).numpy())
    assert p.sum() == pytest.approx(1)
    assert (p * k).sum() == pytest.approx(d.mean.item(), rel=1e-6)
    assert (p * (k - d.mean.item()) ** 2).sum() == pytest.approx(d.variance.item(), rel=1e-6)
    autograd.manual_seed(0)
    draws = d.sample((20_000,)).numpy()
    assert abs(draws.mean() - d.mean.item()) < 5 * math.sqrt(d.variance.item() / 20_000)


def test_categories():
    autograd.manual_seed(0)
    logits = autograd.tensor(np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.0]]), requires_grad=True)
    d = D.Categorical(logits=logits)
    draws = d.sample((30_000,)).numpy()
    for row in range(2):
        np.testing.assert_allclose(
            np.bincount(draws[:, row], minlength=3) / 30_000, d.probs[row].detach().numpy(), atol=0.015
        )
    assert d.log_prob(autograd.tensor([1, 0])).exp().tolist() == pytest.approx(
        [d.probs[0, 1].item(), d.probs[1, 0].item()]
    )
    d.entropy().sum().backward()
    assert np.abs(logits.grad.numpy().sum(1)).max() < 1e-12
    counts = D.Multinomial(7, logits=logits.detach()).sample((100,))
    assert (counts.sum(-1) == 7).all() and D.OneHotCategorical(logits=logits.detach()).sample().sum(-1).tolist() == [
        1.0,
        1.0,
    ]


def test_gaussian_vectors():
    autograd.manual_seed(0)
    a = np.array([[2.0, 0.5], [0.5, 1.0]])
    d = D.MultivariateNormal(t(1.0, -1.0), autograd.tensor(a))
    np.testing.assert_allclose(np.cov(d.sample((50_000,)).numpy().T), a, atol=0.05)
    x = np.array([0.3, 0.4]) - [1.0, -1.0]
    expected = -0.5 * (x @ np.linalg.inv(a) @ x + np.log(np.linalg.det(2 * np.pi * a)))
    assert d.log_prob(t(0.3, 0.4)).item() == pytest.approx(expected)
    other = D.MultivariateNormal(t(1.0, -1.0), precision_matrix=autograd.tensor(np.linalg.inv(a)))
    assert D.kl_divergence(d, other).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("p,q", [
    (D.Normal(t(0.0), t(1.0)), D.Normal(t(0.5), t(2.0))), (D.Gamma(t(2.0), t(1.0)), D.Gamma(t(3.0), t(1.5))),
    (D.Beta(t(2.0), t(3.0)), D.Beta(t(1.5), t(1.5))), (D.Laplace(t(0.0), t(1.0)), D.Laplace(t(0.5), t(1.5))),
    (D.Poisson(t(2.0)), D.Poisson(t(3.0))), (D.Geometric(t(0.4)), D.Geometric(t(0.3))), (D.Bernoulli(t(0.3)), D.Bernoulli(t(0.6))),
    (D.Exponential(t(1.0)), D.Exponential(t(2.0))), (D.Uniform(t(0.0), t(1.0)), D.Uniform(t(-1.0), t(2.0))),
], ids=lambda d: type(d).__name__)  # fmt: skip
def test_divergences_are_expected_differences_of_log_prob(p, q):
    autograd.manual_seed(0)
    x = p.sample((40_000,))
    differences = (p.log_prob(x) - q.log_prob(x)).numpy()
    assert D.kl_divergence(p, q).item() == pytest.approx(differences.mean(), abs=6 * differences.std() / 200 + 1e-9)
    assert D.kl_divergence(p, p).item() == pytest.approx(0, abs=1e-12)


def test_transforms_invert_and_know_their_volume():
    x = autograd.tensor(np.linspace(-1.5, 1.5, 7), requires_grad=True)
    T = D.transforms
    for transform in (
        T.ExpTransform(),
        T.SigmoidTransform(),
        T.TanhTransform(),
        T.SoftplusTransform(),
        T.AffineTransform(1.0, -3.0),
        T.ComposeTransform([T.AffineTransform(0.5, 0.3), T.ExpTransform()]),
    ):
        y = transform(x)
        np.testing.assert_allclose(transform.inv(y).detach().numpy(), x.detach().numpy(), rtol=1e-9, atol=1e-9)
        (slope,) = autograd.grad(y.sum(), x)
        np.testing.assert_allclose(
            transform.log_abs_det_jacobian(x, y).detach().numpy(), np.log(np.abs(slope.numpy())), atol=1e-9
        )


def test_the_gradient_at_even_odds_is_right():
    """Logits are often exactly 0 at first: max(x, 0) and |x| would each have a kink there."""
    logits = autograd.zeros(2, requires_grad=True)
    D.Bernoulli(logits=logits).log_prob(autograd.tensor([0.0, 1.0])).sum().backward()
    assert logits.grad.tolist() == [-0.5, 0.5]
    logits = autograd.zeros(1, requires_grad=True)
    D.Binomial(4, logits=logits).log_prob(autograd.tensor([1.0])).sum().backward()
    assert logits.grad.tolist() == [-1.0]
