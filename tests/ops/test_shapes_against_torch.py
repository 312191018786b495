"""Shapes, indexing, joining and complex parts beside PyTorch, line by line."""

from __future__ import annotations

import numpy as np
import pytest

from .against import check

pt = pytest.importorskip("torch")


def integers(*values):
    return np.array(values)


S = (2, 3, 4)
CASES = []


def case(label, fn, *specs, real=False):
    CASES.append(pytest.param(fn, specs, real, id=label))


case("view", lambda m, x: x.view(6, 4), S)
case("view-1", lambda m, x: x.view(-1), S)
case("view bad", lambda m, x: x.transpose(0, 1).view(-1), S)
case("reshape t", lambda m, x: x.transpose(0, 1).reshape(-1), S)
case("view_as", lambda m, x, y: x.view_as(y), S, (6, 4))
case("reshape bad", lambda m, x: x.reshape(5, -1), S)
case("reshape2", lambda m, x: m.reshape(x, (3, -1)), S)
case("flatten", lambda m, x: x.flatten(1), S)
case("flatten2", lambda m, x: m.flatten(x, 0, -2), S)
case("flatten0", lambda m, x: m.flatten(x), ())
case("unflatten", lambda m, x: x.unflatten(2, (2, -1)), S)
case("unflatten bad", lambda m, x: x.unflatten(2, (3, -1)), S)
case("ravel", lambda m, x: m.ravel(x.mT), S)
case("squeeze", lambda m, x: x.squeeze(), (1, 3, 1))
case("squeeze0", lambda m, x: x.squeeze(0), (1, 3, 1))
case("squeeze tuple", lambda m, x: x.squeeze((0, 2)), (1, 3, 1))
case("squeeze no", lambda m, x: x.squeeze(1), (1, 3, 1))
case("unsq", lambda m, x: x.unsqueeze(-1), S)
case("unsqbad", lambda m, x: x.unsqueeze(5), S)
case("tr", lambda m, x: x.transpose(0, -1), S)
case("perm", lambda m, x: x.permute(2, 0, 1), S)
case("perm2", lambda m, x: m.permute(x, (2, 0, 1)), S)
case("t", lambda m, x: x.t(), (2, 3))
case("T", lambda m, x: x.T, (2, 3))
case("mT", lambda m, x: x.mT, S)
case("H", lambda m, x: x.H, (2, 3))
case("mH", lambda m, x: x.mH, S)
case("adj", lambda m, x: m.adjoint(x), S)
case("swapaxes", lambda m, x: x.swapaxes(0, 1), S)
case("movedim", lambda m, x: x.movedim(0, 2), S)
case("movedim2", lambda m, x: m.movedim(x, (0, 1), (2, 0)), S)
case("expand", lambda m, x: x.expand(2, 3, 4), (3, 1))
case("expand-1", lambda m, x: x.expand(2, -1, 4), (3, 1))
case("expand bad", lambda m, x: x.expand(2, 4), (3, 1))
case("expand_as", lambda m, x, y: x.expand_as(y), (3, 1), S[:1] + (3, 4))
case("bto", lambda m, x: m.broadcast_to(x, (2, 3)), (3,))
case("bt", lambda m, x, y: m.broadcast_tensors(x, y), (3, 1), (4,))
case("repeat", lambda m, x: x.repeat(2, 3, 1, 2), (2, 1, 3))
case("repeat1", lambda m, x: x.repeat(1, 1, 1), S)
case("tile", lambda m, x: m.tile(x, (2,)), S)
case("ri", lambda m, x: m.repeat_interleave(x, 2), S)
case("ri dim", lambda m, x: x.repeat_interleave(2, dim=1), S)
case("ri t", lambda m, x: x.repeat_interleave(m.tensor([1, 0, 2]), dim=1), S)
case("flip", lambda m, x: x.flip(0, 2), S)
case("flip2", lambda m, x: m.flip(x, [1]), S)
case("fliplr", lambda m, x: m.fliplr(x), S)
case("flipud", lambda m, x: m.flipud(x), S)
for k in range(-1, 5):
    case(f"rot90 {k}", lambda m, x, k=k: m.rot90(x, k, (0, 1)), S)
case("roll", lambda m, x: x.roll(1), S)
case("roll2", lambda m, x: m.roll(x, (1, -2), (0, 2)), S)
case("diagonal", lambda m, x: x.diagonal(1, 0, 2), S)
case("diag1", lambda m, x: m.diag(x, 1), (3,))
case("diag2", lambda m, x: m.diag(x, -1), (3, 4))
case("diag_embed", lambda m, x: m.diag_embed(x, 1, 0, 2), (2, 3))
case("diagflat", lambda m, x: m.diagflat(x, 1), (2, 2))
case("tril", lambda m, x: x.tril(-1), S)
case("triu", lambda m, x: m.triu(x, 1), S)
case("triidx", lambda m: [m.tril_indices(3, 4, 1), m.triu_indices(3, 3)])
case("narrow", lambda m, x: x.narrow(1, 1, 2), S)
case("narrow bad", lambda m, x: x.narrow(1, 2, 2), S)
case("select", lambda m, x: x.select(1, -1), S)
case("unfold", lambda m, x: x.unfold(1, 2, 1), S)
case("unfold2", lambda m, x: x.unfold(2, 2, 2), S)
case("unfold0", lambda m, x: x.unfold(0, 1, 1), ())
case("as_strided", lambda m, x: x.as_strided((2, 2), (1, 2)), (6,))
case("as_strided off", lambda m, x: m.as_strided(x, (2, 3), (4, 1), 1), S)
case("as_strided overlap", lambda m, x: x.as_strided((3, 3), (1, 1)), (5,))
case("as_strided t", lambda m, x: (x * 1).t().as_strided((2, 3), (1, 2), 1), (3, 4))
case("contig", lambda m, x: x.mT.contiguous(), S)
case("clone", lambda m, x: x.clone(), S)
case("iscontig", lambda m, x: [x.is_contiguous(), x.mT.is_contiguous()], S)
case("at1", lambda m, x: m.atleast_1d(x), ())
case("at2", lambda m, x: m.atleast_2d(x), (3,))
case("at3", lambda m, x, y: m.atleast_3d(x, y), (3,), (2, 3))
case("mesh", lambda m, x, y: m.meshgrid(x, y, indexing="ij"), (3,), (2,))
case("meshxy", lambda m, x, y: m.meshgrid([x, y], indexing="xy"), (3,), (2,))
case("cart", lambda m, x, y: m.cartesian_prod(x, y), (3,), (2,))
case("comb", lambda m, x: m.combinations(x, 2), (4,))
case("combr", lambda m, x: m.combinations(x, 3, True), (3,))
case("blockdiag", lambda m, x, y, z: m.block_diag(x, y, z), (2, 3), (4,), ())
# joining
case("cat", lambda m, x, y: m.cat([x, y]), (2, 3), (1, 3))
case("cat1", lambda m, x, y: m.cat((x, y), dim=-1), (2, 3), (2, 1))
case("cat empty", lambda m, x: m.cat([m.tensor([]), x]), (2, 3))
case("cat dtype", lambda m, x: m.cat([m.tensor([1, 2]), x]), (3,))
case("cat bad", lambda m, x, y: m.cat([x, y]), (2, 3), (2, 4))
case("stack", lambda m, x, y: m.stack([x, y], 1), (2, 3), (2, 3))
case("stack bad", lambda m, x, y: m.stack([x, y], 1), (2, 3), (3,))
case("cat same", lambda m, x: m.cat([x, x, x * 2], 1), (2, 3))
for f in ("hstack", "vstack", "dstack", "column_stack", "row_stack"):
    case(f, lambda m, x, y, f=f: getattr(m, f)([x, y]), (3,), (3,))
    case(f + "2", lambda m, x, y, f=f: getattr(m, f)([x, y]), (3, 2), (3, 2))
case("chunk", lambda m, x: x.chunk(2, 1), S)
case("chunk4", lambda m, x: m.chunk(x, 3, 2), S)
case("split", lambda m, x: x.split(2, 2), S)
case("splitl", lambda m, x: m.split(x, [1, 2], 1), S)
case("split kw", lambda m, x: x.split(split_size=2, dim=2), S)
case("split bad", lambda m, x: m.split(x, [1, 3], 1), S)
case("ts", lambda m, x: m.tensor_split(x, 3, 2), S)
case("tsl", lambda m, x: x.tensor_split((1, 3), dim=2), S)
case("hsplit", lambda m, x: m.hsplit(x, [1]), S)
case("vsplit", lambda m, x: m.vsplit(x, 2), S)
case("dsplit", lambda m, x: m.dsplit(x, 2), S)
case("unbind", lambda m, x: x.unbind(1), S)
case("unbind1", lambda m, x: m.unbind(x)[1], S)
case("iter", lambda m, x: [r * 2 for r in x], S)
case("narrow_copy", lambda m, x: m.narrow_copy(x, 1, 0, 2), S)
# indexing
ix = [
    lambda m: 1,
    lambda m: (0, slice(1, None)),
    lambda m: (..., 1),
    lambda m: (None, 1, ..., None),
    lambda m: slice(0, 2, 2),
    lambda m: m.tensor([1, 0, 1]),
    lambda m: [1, 0, 1],
    lambda m: (slice(None), [0, 2, 2]),
    lambda m: (0, slice(None), [1, 2]),
    lambda m: ([0, 1], slice(None), [1, 2]),
    lambda m: (slice(None), [0, 1], None, [1, 2]),
    lambda m: True,
    lambda m: (slice(None), False),
    lambda m: m.tensor(1),
    lambda m: m.tensor([[True, False, True], [False, False, True]]),
    lambda m: (slice(None), m.tensor([True, False, True]), 1),
    lambda m: (m.tensor([[0], [1]]), m.tensor([0, 2]), 1),
    lambda m: (..., m.tensor([-1, 0, 0])),
    lambda m: [[0, 1], [1, 2]],
    lambda m: np.array([1, 0]),
    lambda m: (np.int64(1),),
    lambda m: (1, 2, 3),
    lambda m: [],
    lambda m: (m.tensor([0, 1]), m.tensor([0, 1]), m.tensor([0, 0])),
    lambda m: (slice(None), slice(None), m.tensor([[0, 1], [2, 2]])),
    lambda m: 5,
    lambda m: (0, 7),
    lambda m: (0, 0, 0, 0),
    lambda m: m.tensor([5]),
    lambda m: m.tensor([True]),
    lambda m: 1.5,
    lambda m: slice(None, None, -1),
    lambda m: -3,
    lambda m: (m.tensor([0, 1]), m.tensor([0, 1, 2])),
    lambda m: (m.tensor(True), [0, 1]),
    lambda m: (),
    lambda m: ...,
    lambda m: (1, ..., m.tensor(2)),
    lambda m: range(2),
    lambda m: (slice(m.tensor(1), None),),
    lambda m: m.tensor(np.array([1, 0], np.int32)),
    lambda m: None,
    lambda m: (None, m.tensor([0, 0]), None),
    lambda m: (0, m.tensor([True, False, True])),
]
for k, f in enumerate(ix):
    case(f"get{k}", lambda m, x, f=f: x[f(m)], S)

    def s(m, x, v, f=f):
        y = x * 1
        y[f(m)] = v
        return y

    case(f"set{k}", s, S, ())

    def s2(m, x, f=f):
        y = x * 1
        v = y.detach()[f(m)] * 2
        w = v.clone().requires_grad_()
        y[f(m)] = w
        return [y, m.autograd.grad(y.sum(), w, retain_graph=True)[0]] if 0 else y * y

    case(f"set2{k}", s2, S)

    def s3(m, x, f=f):
        y = x * 1
        y[f(m)] += x[f(m)] * 2
        return y

    case(f"iadd{k}", s3, S)

    def s4(m, x, f=f):
        y = (x * 1).transpose(0, 1)
        y[1:] = 2.0
        y[f(m)] *= 3.0
        return y

    case(f"setT{k}", s4, S)
g = integers([0, 1, 1], [1, 0, 0])
case("gather0", lambda m, x: x.gather(0, m.tensor(g)), (2, 3))
case("gather1", lambda m, x: m.gather(x, 1, m.tensor(integers([0, 2, 1, 1], [2, 2, 0, 0]))), (2, 3))
case("gather small", lambda m, x: m.gather(x, 1, m.tensor(integers([[0], [2]]).reshape(2, 1))), (3, 3))
case("gather bad", lambda m, x: m.gather(x, 1, m.tensor(integers([[7], [2]]).reshape(2, 1))), (3, 3))
case("gather 0d", lambda m, x: m.gather(x, 0, m.tensor(integers(0)[0])), ())
case("scatter", lambda m, x, s: x.scatter(1, m.tensor(integers([0, 2], [1, 0])), s), (2, 3), (2, 2))
case("scatter v", lambda m, x: x.scatter(1, m.tensor(integers([0, 2], [1, 0])), 1.5), (2, 3))
case("scatter_add", lambda m, x, s: x.scatter_add(1, m.tensor(integers([0, 0], [1, 0])), s), (2, 3), (2, 3))
for r in ("sum", "prod", "mean", "amax", "amin"):
    for inc in (True, False):
        case(
            f"scatter_reduce {r} {inc}",
            lambda m, x, s, r=r, inc=inc: x.scatter_reduce(
                1, m.tensor(integers([0, 0, 2], [1, 0, 1])), s, r, include_self=inc
            ),
            (2, 3),
            (2, 3),
            real=True,
        )
        if r != "sum":
            case(
                f"index_reduce {r} {inc}",
                lambda m, x, s, r=r, inc=inc: x.index_reduce(1, m.tensor(integers(0, 0)), s, r, include_self=inc),
                (2, 3),
                (2, 2),
                real=True,
            )
case("index_select", lambda m, x: x.index_select(1, m.tensor(integers(2, 0, 0))), S)
case("index_select neg", lambda m, x: x.index_select(1, m.tensor(integers(-1))), S)
case("index_add", lambda m, x, s: x.index_add(1, m.tensor(integers(2, 0, 0)), s, alpha=2), S, S)
case("index_copy", lambda m, x, s: x.index_copy(1, m.tensor(integers(2, 0)), s), S, (2, 2, 4))
case("index_fill", lambda m, x: x.index_fill(1, m.tensor(integers(2, 0)), 3.0), S)
case("index_fill t", lambda m, x, v: x.index_fill(1, m.tensor(integers(2, 0)), v), S, ())
case("index_put", lambda m, x, v: x.index_put((m.tensor(integers(1, 0, 1)),), v), S, (3, 4))
case(
    "index_put acc",
    lambda m, x, v: x.index_put((m.tensor(integers(1, 0, 1)), m.tensor(integers(1, 0, 1))), v, accumulate=True),
    S,
    (4,),
)


def k(m):
    return m.tensor(np.array([[True, False, True], [False, True, True]]))


case("mfill", lambda m, x: x.masked_fill(k(m), 2.0), (2, 3))
case("mfill inf", lambda m, x: x.masked_fill(k(m), float("-inf")), (2, 3))
case("mfill t", lambda m, x, v: x.masked_fill(k(m), v), (2, 3), ())
case("mfill b", lambda m, x: m.masked_fill(x, k(m), 2), (4, 1, 3))
case("msel", lambda m, x: x.masked_select(k(m)), (2, 3))
case("msel b", lambda m, x: m.masked_select(x, k(m)), (3,))
case("mscat", lambda m, x, s: x.masked_scatter(k(m), s), (2, 3), (5,))
case("take", lambda m, x: x.take(m.tensor(integers([0, -1], [3, 3]))), (2, 3))
case("tad", lambda m, x: m.take_along_dim(x, m.tensor(integers([[0], [2]]).reshape(2, 1)), 1), (2, 3))
case("tad2", lambda m, x: m.take_along_dim(x, m.tensor(integers(0, 1, 1))), (2, 3))
case("put", lambda m, x, s: x.put(m.tensor(integers(0, -1)), s), (2, 3), (2,))
case("put acc", lambda m, x, s: x.put(m.tensor(integers(0, 0)), s, accumulate=True), (2, 3), (2,))
case("nonzero", lambda m, x: m.nonzero(x > 0), (2, 3))
case("nonzero t", lambda m, x: (x > 0).nonzero(as_tuple=True), (2, 3))
case("argwhere", lambda m, x: m.argwhere(x > 0), (2, 3))
case("nz0", lambda m, x: m.nonzero(x), ())
case("selscat", lambda m, x, s: m.select_scatter(x, s, 1, -1), S, (2, 4))
case("slscat", lambda m, x, s: m.slice_scatter(x, s, 1, 0, 2), S, (2, 2, 4))
case("dgscat", lambda m, x, s: m.diagonal_scatter(x, s, 1), (3, 3), (2,))
# complex
case("real", lambda m, x: m.real(x) * 2, (3,))
case("imag", lambda m, x: (x * 1j).imag, (3,))
case("var", lambda m, x: m.view_as_real(x * (1 + 1j)), (3,))
case("vac", lambda m, x: m.view_as_complex(x) * 1j, (3, 2), real=True)
case("conj", lambda m, x: m.conj(x) * x, (3,))
case("angle", lambda m, x: x.angle(), (3,))
case("abs", lambda m, x: x.abs(), (3,))
case("complex", lambda m, x, y: m.complex(x, y), (3,), (3,), real=True)
case("sum_to_size", lambda m, x: x.sum_to_size(1, 4), (3, 4))
case("view dtype", lambda m, x: x.detach().view(m.int64), (3, 4))
case("view dtype2", lambda m, x: x.detach().view(m.float32).shape, (3, 4))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("function", "specs", "real"), CASES)
def test_agrees(function, specs, real):
    check(pt, function, *specs, tolerance=1e-8)
    if not real:
        check(pt, function, *specs, complex_numbers=True, tolerance=1e-8)
