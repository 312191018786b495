"""Linear algebra: errors, routes and properties that need no PyTorch beside us."""

import numpy as np
import pytest

import autograd as torch


def leaf(*size):
    return torch.tensor(np.random.default_rng(0).normal(size=size)).requires_grad_()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.ones(2, 3) @ torch.ones(2, 3), r"cannot be multiplied \(2x3 and 2x3\)"),
        (lambda: torch.ones(2, 3) @ torch.ones(3, 2).double(), r"same dtype, but got torch.float32 and torch.float64"),
        (lambda: torch.mm(torch.ones(3), torch.ones(3, 3)), r"must be 2D, but it is 1D"),
        (lambda: torch.einsum("ij,jk", torch.ones(2, 3), torch.ones(4, 5)), r"subscript 'j' has size 4 for operand 1"),
        (lambda: torch.linalg.det(torch.ones(2, 3)), r"square matrices, but they are 2 by 3"),
        (lambda: torch.linalg.inv(torch.ones(2, 2, dtype=torch.int64)), r"floating point or complex"),
        (lambda: torch.dot(torch.ones(2), torch.ones(3)), r"same number of elements"),
    ],
)
def test_an_error_names_operation_and_operands(call, words):
    with pytest.raises(RuntimeError, match=words):
        call()


def test_singular_and_indefinite_matrices():
    with pytest.raises(torch.linalg.LinAlgError, match="singular"):
        torch.linalg.inv(torch.zeros(2, 2))
    with pytest.raises(torch.linalg.LinAlgError, match="positive-definite"):
        torch.linalg.cholesky(-torch.eye(2))
    assert torch.linalg.inv_ex(torch.zeros(2, 2)).info.item() == 1
    assert torch.linalg.cholesky_ex(torch.stack([torch.eye(2), -torch.eye(2)])).info.tolist() == [0, 1]


@pytest.mark.parametrize("rank", [3, 2, 1, 0])
def test_derivatives_of_the_determinant_of_any_rank(rank):
    rng = np.random.default_rng(rank)
    a = torch.tensor(rng.normal(size=(3, rank)) @ rng.normal(size=(rank, 3))).requires_grad_()
    torch.autograd.gradcheck(torch.linalg.det, a, atol=1e-9)
    torch.autograd.gradgradcheck(torch.linalg.det, a, atol=1e-9)


def test_third_derivatives():
    a = leaf(3, 3)
    for f in (
        torch.linalg.det,
        lambda a: torch.linalg.inv(a + 3 * torch.eye(3).double()).sum(),
        lambda a: torch.linalg.matrix_exp(a).sum(),
    ):

        def gradient(a, f=f):
            return torch.grad(f(a), a, create_graph=True)[0]

        torch.autograd.gradgradcheck(gradient, a)


@pytest.mark.parametrize("mode", ["r", "complete"])
def test_what_has_no_derivative_says_so(mode):
    _, r = torch.linalg.qr(leaf(4, 2), mode=mode)
    with pytest.raises(RuntimeError, match="Use mode='reduced'"):
        r.sum().backward()


def test_named_results():
    made = torch.linalg.svd(torch.eye(2))
    assert torch.equal(made.S, torch.ones(2))
    assert made._fields == ("U", "S", "Vh") or hasattr(made, "Vh")
    assert torch.linalg.eigh(torch.eye(2)).eigenvalues.tolist() == [1.0, 1.0]


def test_einsum_without_a_sum_promotes():
    made = torch.einsum("i,j->ij", torch.arange(3), torch.tensor([0.5, 2.0]))
    assert made.tolist() == [[0.0, 0.0], [0.5, 2.0], [1.0, 4.0]]
    with pytest.raises(RuntimeError, match=r"torch.int64 and torch.float32"):
        torch.einsum("i,i->", torch.arange(3), torch.ones(3))


def test_einsum_is_one_matrix_product():
    """Pairs go to BLAS: no product of all index combinations is ever made."""
    a, b = torch.ones(200, 300), torch.ones(300, 250)
    made = torch.einsum("ij,jk->ki", a, b)
    assert made.shape == (250, 200)
    assert (made == 300).all()
    many = torch.einsum("ab,bc,cd,de->ae", *[torch.ones(100, 100)] * 4)
    assert (many == 1e6).all()


def test_multi_dot_takes_the_cheapest_order():
    from autograd.ops.linalg import _cheapest

    assert _cheapest([10, 100, 5, 50])[0, 2] == 1  # (AB)C: 7,500 multiplications instead of 75,000


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_transforms_keep_precision(dtype):
    x = torch.ones(8, dtype=dtype)
    assert torch.fft.rfft(x).dtype == (torch.complex64 if dtype == torch.float32 else torch.complex128)
    assert torch.fft.irfft(torch.fft.rfft(x)).dtype == dtype


def test_transform_and_inverse():
    x = leaf(3, 5)
    for forward, back in ((torch.fft.fftn, torch.fft.ifftn), (torch.fft.fft2, torch.fft.ifft2)):
        for norm in (None, "ortho", "forward"):
            np.testing.assert_allclose(
                back(forward(x, norm=norm), norm=norm).real.detach().numpy(), x.detach().numpy(), atol=1e-12
            )
    np.testing.assert_allclose(torch.fft.irfft(torch.fft.rfft(x), n=5).detach().numpy(), x.detach().numpy(), atol=1e-12)
    with pytest.raises(RuntimeError, match="Invalid normalization mode"):
        torch.fft.fft(x, norm="big")


@pytest.mark.parametrize("options", [{}, {"normalized": True}, {"onesided": False}, {"hop_length": 3, "win_length": 6}])
def test_a_short_time_transform_comes_back(options):
    x = leaf(2, 40)
    size = options.get("win_length", 8)
    window = torch.tensor(np.hanning(size + 2)[1:-1])
    spectra = torch.stft(x, 8, window=window, return_complex=True, **options)
    assert spectra.shape[1] == (8 if options.get("onesided") is False else 5)
    back = torch.istft(spectra, 8, window=window, length=40, **options)
    covered = slice(0, 36)  # the last places may lie outside the last window
    np.testing.assert_allclose(back.detach().numpy()[:, covered], x.detach().numpy()[:, covered], atol=1e-10)
    torch.autograd.gradcheck(
        lambda x: torch.stft(x, 8, window=window, return_complex=True, **options), x[:, :20].detach().requires_grad_()
    )


def test_a_signal_that_no_window_covers():
    with pytest.raises(RuntimeError, match="NOLA"):
        torch.istft(torch.ones(5, 3, dtype=torch.complex64), 8, hop_length=8, window=torch.zeros(8), center=False)
    with pytest.raises(RuntimeError, match="return_complex=True"):
        torch.stft(torch.ones(20), 8)
