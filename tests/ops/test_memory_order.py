"""In what order results lie in memory: a program sees it, because ``view`` needs the ordinary one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
from nn import functional as F

IN_ORDER: dict[str, Any] = {
    "softmax": lambda x, m: m.softmax(x, -1),
    "log_softmax": lambda x, m: m.log_softmax(x, 1),
    "sum": lambda x, m: x.sum(0),
    "sum of the last": lambda x, m: x.sum(-1),
    "mean": lambda x, m: x.mean(-1),
    "std": lambda x, m: x.std(-1, keepdim=True),
    "norm": lambda x, m: x.norm(dim=-1),
    "cumsum": lambda x, m: x.cumsum(1),
    "cumprod": lambda x, m: x.cumprod(-1),
    "cummax": lambda x, m: x.cummax(1)[0],
    "logcumsumexp": lambda x, m: x.logcumsumexp(1),
    "cat": lambda x, m: m.cat([x, x], -1),
    "stack": lambda x, m: m.stack([x, x]),
    "roll": lambda x, m: x.roll(1, 1),
    "index of a middle dimension": lambda x, m: x[:, m.tensor([0, 1])],
    "index of the last dimension": lambda x, m: x[..., m.tensor([1, 0])],
    "index beside None": lambda x, m: x[:, None, [0, 1]],
    "take_along_dim": lambda x, m: m.take_along_dim(x, m.zeros_like(x).long(), 1),
    "masked_fill": lambda x, m: x.masked_fill(x > 0.5, 0),
    "tril": lambda x, m: x.tril(),
    "bernoulli": lambda x, m: m.bernoulli(x),
    "cdist": lambda x, m: m.cdist(x, x),
    "copy of a stretched one": lambda x, m: x[:, :1].expand(2, 3, 4, 6).clone(),
    "stretched one in float64": lambda x, m: x[:1].expand(5, 3, 4, 6).double(),
    "zeros_like a stretched one": lambda x, m: m.zeros_like(x[:1].expand(5, 3, 4, 6)),
    "einsum": lambda x, m: m.einsum("bhij,bhkj->bhki", x, x),
    "einsum of one": lambda x, m: m.einsum("bhij->hij", x),
    "fft": lambda x, m: m.fft.fft(x),
    "rfft": lambda x, m: m.fft.irfft(m.fft.rfft(x)),
    "logsigmoid": lambda x, m: _functional(m).logsigmoid(x),
    "batch norm of a line": lambda x, m: _functional(m).batch_norm(x[0], None, None, training=True),
    "attention with dropout": lambda x, m: _functional(m).scaled_dot_product_attention(x, x, x, dropout_p=0.1),
    "attention with values of another width": lambda x, m: _functional(m).scaled_dot_product_attention(
        x, x, x[..., :4]
    ),
    "outer einsum": lambda x, m: m.einsum("bi,bj->bji", x[:, 0, 0], x[:, 1, 1]),
}
IN_ITS_OWN: dict[str, Any] = {
    "exp": lambda x, m: x.exp(),
    "flip": lambda x, m: x.flip(0, 2),
    "clone": lambda x, m: x.clone(),
    "zeros_like": lambda x, m: m.zeros_like(x),
    "double": lambda x, m: x.double(),
    "attention": lambda x, m: _functional(m).scaled_dot_product_attention(x, x.contiguous(), x),
    "causal attention": lambda x, m: _functional(m).scaled_dot_product_attention(x, x, x.contiguous(), is_causal=True),
}


def _functional(m: Any) -> Any:
    return F if m is autograd else m.nn.functional


def heads(m: Any) -> Any:
    """The shape (batch, heads, length, width) over the memory of (batch, length, heads, width), as in attention."""
    values = np.random.default_rng(0).random((2, 4, 3, 6)).astype(np.float32)
    return m.tensor(values).transpose(1, 2)


@pytest.mark.parametrize("name", IN_ORDER)
def test_results_that_lie_row_after_row(name: str) -> None:
    for x in (heads(autograd), heads(autograd).contiguous()):
        made = IN_ORDER[name](x, autograd)
        assert made.is_contiguous()
        assert made.view(-1).shape == (made.numel(),)


@pytest.mark.parametrize("name", IN_ITS_OWN)
def test_results_with_the_strides_of_their_argument(name: str) -> None:
    x = heads(autograd)
    assert IN_ITS_OWN[name](x, autograd).stride() == x.stride()


@pytest.mark.parametrize("name", [*IN_ORDER, *IN_ITS_OWN])
def test_in_order_where_pytorchs_is(name: str) -> None:
    torch = pytest.importorskip("torch")
    function = IN_ORDER.get(name) or IN_ITS_OWN[name]
    for ours, theirs in ((heads(autograd), heads(torch)), (heads(autograd).contiguous(), heads(torch).contiguous())):
        if function(theirs, torch).is_contiguous():
            assert function(ours, autograd).is_contiguous()


def test_dropout_after_softmax_drops_what_pytorch_drops() -> None:
    torch = pytest.importorskip("torch")
    autograd.manual_seed(0)
    torch.manual_seed(0)
    ours = F.dropout(heads(autograd).softmax(-1), 0.5)
    theirs = torch.nn.functional.dropout(heads(torch).softmax(-1), 0.5)
    assert np.array_equal(ours.numpy() == 0, theirs.numpy() == 0)
