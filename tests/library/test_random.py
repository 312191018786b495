"""The random streams are PyTorch's: bit for bit in float32 and integers, to the last digit or two in float64."""

import threading

import numpy as np
import pytest

import autograd as ag

SIZES = (0, 1, 2, 3, 15, 16, 17, 33, 1000, 8200)

# what PyTorch 2.13 gives, so that the streams are held where PyTorch is not installed
KNOWN = {
    "rand": [0.49625658988952637, 0.7682217955589294, 0.08847743272781372],
    "randn": [1.5409960746765137, -0.293428897857666, -2.1787893772125244],
    "randint": [44, 39, 33],
    "randperm": [4, 1, 7, 5, 3, 9, 0, 8, 6, 2],
}


def test_known_numbers():
    ag.manual_seed(0)
    assert ag.rand(3).tolist() == KNOWN["rand"]
    ag.manual_seed(0)
    assert ag.randn(3).tolist() == KNOWN["randn"]
    ag.manual_seed(0)
    assert ag.randint(100, (3,)).tolist() == KNOWN["randint"]
    ag.manual_seed(0)
    assert ag.randperm(10).tolist() == KNOWN["randperm"]


def same(draw, dtype, exact=True, seeds=(0, 12345)):
    """Whether ours and PyTorch's draw agree, and leave the generators at the same place."""
    torch = pytest.importorskip("torch")
    for seed in seeds:
        torch.manual_seed(seed)
        ag.manual_seed(seed)
        theirs, mine = draw(torch), draw(ag)
        a = theirs.float().numpy() if theirs.dtype == torch.bfloat16 else theirs.numpy()
        b = mine.array.astype(np.float32) if mine.dtype == ag.bfloat16 else mine.numpy()
        assert a.shape == b.shape and a.dtype == b.dtype
        if exact:
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        assert torch.rand(1).item() == ag.rand(1).item(), "the generators are at different places afterwards"


FILLS = {
    "rand": lambda t, n, d: t.rand(n, dtype=d),
    "randn": lambda t, n, d: t.randn(n, dtype=d),
    "uniform_": lambda t, n, d: t.empty(n, dtype=d).uniform_(-3, 5),
    "normal_": lambda t, n, d: t.empty(n, dtype=d).normal_(2, 3),
    "bernoulli_": lambda t, n, d: t.empty(n, dtype=d).bernoulli_(0.3),
    "exponential_": lambda t, n, d: t.empty(n, dtype=d).exponential_(2.0),
    "geometric_": lambda t, n, d: t.empty(n, dtype=d).geometric_(0.2),
    "log_normal_": lambda t, n, d: t.empty(n, dtype=d).log_normal_(),
    "cauchy_": lambda t, n, d: t.empty(n, dtype=d).cauchy_(),
    "random_": lambda t, n, d: t.empty(n, dtype=d).random_(),
}


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_fills(name, dtype):
    exact = dtype in ("float32", "bfloat16") or name in ("rand", "uniform_", "bernoulli_", "random_")
    for n in SIZES:
        if dtype == "float16" and not exact:
            continue  # computed by way of float64: below
        same(lambda t, n=n: FILLS[name](t, n, getattr(t, dtype)), dtype, exact)


@pytest.mark.parametrize("name", ["randn", "normal_"])
def test_half_precision_normals(name):
    for n in SIZES:
        same(lambda t, n=n: FILLS[name](t, n, t.float16), "float16")


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint8", "bool"])
def test_integer_fills(dtype):
    for n in SIZES:
        same(lambda t, n=n: t.empty(n, dtype=getattr(t, dtype)).random_(), dtype)
        same(lambda t, n=n: t.empty(n, dtype=getattr(t, dtype)).bernoulli_(0.5), dtype)


@pytest.mark.parametrize("low, high", [(0, 10), (-5, 5), (0, 2**28 - 1), (0, 2**28), (-(2**63), 2**63 - 1), (3, 2**40)])
def test_randint(low, high):
    for n in SIZES:
        same(lambda t, n=n: t.randint(low, high, (n,)), "int64")


OTHERS = {
    "complex": lambda t: t.randn(40, dtype=t.complex64),
    "complex uniform": lambda t: t.rand(5, dtype=t.complex64),
    "randperm": lambda t: t.randperm(1000),
    "normal of tensors": lambda t: t.normal(t.ones(20), t.full((20,), 3.0)),
    "normal of numbers": lambda t: t.normal(1.0, 2.0, (20,)),
    "bernoulli": lambda t: t.bernoulli(t.full((50,), 0.3)),
    "bernoulli float64": lambda t: t.bernoulli(t.full((50,), 0.3, dtype=t.float64)),
    "poisson": lambda t: t.poisson(t.linspace(0, 60, 100)),
    "multinomial one": lambda t: t.multinomial(t.ones(5, 7), 1),
    "multinomial": lambda t: t.multinomial(t.linspace(0.1, 1, 9), 4),
    "multinomial replacement": lambda t: t.multinomial(t.linspace(0, 1, 9), 50, replacement=True),
    "like": lambda t: t.randn_like(t.ones(5, 5)) + t.rand_like(t.ones(5, 5)) + t.randint_like(t.ones(5, 5), 3, 9),
    "transposed uniform": lambda t: t.empty(4, 2).t().uniform_(),
    "transposed normal": lambda t: t.empty(8, 4).t().normal_(),
    "strided normal": lambda t: t.zeros(40, 6)[:, ::2].normal_(),
    "generator": lambda t: t.randn(20, generator=t.Generator().manual_seed(7)),
    "unseeded generator": lambda t: t.rand(3, generator=t.Generator()),
    "pairs wait": lambda t: t.cat([t.randn(3), t.randn(2), t.randn(20), t.randn(1), t.randn(4)]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others(name):
    same(OTHERS[name], None)


def of(t):
    """The distributions and the layers of either library."""
    if t is ag:
        return ag.distributions, ag.nn
    import torch.distributions

    return torch.distributions, torch.nn


SAMPLED = {
    "Gamma": lambda t: of(t)[0].Gamma(t.tensor([0.3, 1.0, 2.5, 30.0]), t.ones(4)).sample((20,)),
    "Dirichlet": lambda t: of(t)[0].Dirichlet(t.tensor([0.5, 2.0, 3.0])).sample((5,)),
    "Binomial": lambda t: of(t)[0].Binomial(1000, t.tensor([0.001, 0.1, 0.5, 0.8])).sample((20,)),
    "few": lambda t: of(t)[0].Binomial(10, t.tensor([0.1, 0.5, 0.9])).sample((20,)),
    "Categorical": lambda t: of(t)[0].Categorical(t.ones(5)).sample((20,)),
    "dropout": lambda t: of(t)[1].functional.dropout(t.ones(5, 4), 0.3),
    "dropout in memory order": lambda t: of(t)[1].functional.dropout(t.ones(5, 4).t(), 0.3),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_what_stands_on_the_stream(name):
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    ag.manual_seed(3)
    np.testing.assert_allclose(SAMPLED[name](ag).numpy(), SAMPLED[name](torch).numpy(), rtol=1e-6)
    assert torch.rand(1).item() == ag.rand(1).item()


def test_coins_are_uniform_numbers_below_the_odds():
    """Also where a number and the odds differ in their last bit alone, or not at all; after an odd word as after none."""
    for skipped in (0, 1):
        generator, other = ag.Generator().manual_seed(3), ag.Generator().manual_seed(3)
        generator.words(skipped), other.words(skipped)
        drawn = other.uniform(70_001)
        odds = [0.0, 1e-300, 1 / 3, 0.9, 1.0, *drawn[:5], *np.nextafter(drawn[:5], 0), *np.nextafter(drawn[:5], 1)]
        for p in odds:
            generator.manual_seed(3)
            generator.words(skipped)
            assert np.array_equal(generator.coins(len(drawn), float(p)), drawn < p)
        assert generator.words(1) == other.words(1)


def test_a_state_goes_from_one_library_to_the_other():
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    torch.randn(703)
    ag.set_rng_state(ag.from_numpy(torch.get_rng_state().numpy()))
    assert torch.randn(5).tolist() == ag.randn(5).tolist()
    assert torch.get_rng_state().tolist() == ag.get_rng_state().tolist()


def test_state_resumes_in_the_middle_of_a_pair():
    ag.manual_seed(1)
    ag.randn(3)
    state = ag.get_rng_state()
    expected = ag.randn(5).tolist()
    ag.set_rng_state(state)
    assert ag.randn(5).tolist() == expected
    with ag.random.fork_rng():
        ag.randn(10)
    after = ag.randn(2).tolist()
    ag.set_rng_state(state)
    ag.randn(5)
    assert ag.randn(2).tolist() == after


def test_threads_share_the_default_generator_without_repeating():
    ag.manual_seed(0)
    drawn = []
    threads = [threading.Thread(target=lambda: drawn.append(ag.rand(1000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = np.concatenate([t.numpy() for t in drawn])
    ag.manual_seed(0)
    assert sorted(values.tolist()) == sorted(ag.rand(4000).tolist())


def test_moments():
    ag.manual_seed(0)
    x = ag.randn(200_000).numpy()
    assert abs(x.mean()) < 0.01 and abs(x.std() - 1) < 0.01 and abs((x**4).mean() - 3) < 0.1


def test_fills_are_recorded_as_constants():
    x = ag.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x.uniform_()
    y = x * 2
    y.normal_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]
    with ag.no_grad():
        x.uniform_(1, 2)
    assert (x.detach().numpy() >= 1).all()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: ag.ones(2).uniform_(2, 1), "from=2"),
        (lambda: ag.ones(2).normal_(0, -1), "std"),
        (lambda: ag.ones(2).bernoulli_(2), "p_in"),
        (lambda: ag.randint(5, 5, (2,)), "less than"),
        (lambda: ag.multinomial(ag.ones(2), 3), "replacement"),
        (lambda: ag.multinomial(ag.tensor([-1.0, 2.0]), 1), "element < 0"),
        (lambda: ag.ones(2, dtype=ag.int64).uniform_(), "floating point"),
        (lambda: ag.rand(2, generator=3), "Generator"),
        (lambda: ag.set_rng_state(ag.ones(3)), "ByteTensor"),
    ],
)
def test_errors(call, message):
    with pytest.raises((RuntimeError, TypeError, NotImplementedError), match=message):
        call()
