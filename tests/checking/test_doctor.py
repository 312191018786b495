"""Each rule of the doctor with a program that has the fault and one that has not."""

import numpy as np
import pytest

import autograd as torch
import nn
import nn.functional as F
import optim


def setup(*layers, lr=0.1):
    torch.manual_seed(0)
    model = nn.Sequential(*layers) if layers else nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    return model, optim.SGD(model.parameters(), lr=lr)


x = torch.from_numpy(np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32))
labels = torch.from_numpy(np.random.default_rng(1).integers(0, 3, 16))
targets = torch.from_numpy(np.random.default_rng(2).normal(size=16).astype(np.float32))


def rules(loss, *rest):
    return torch.doctor(loss, *rest).rules


def test_a_right_step_is_silent():
    model, optimizer = setup()
    for _ in range(2):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        found = torch.doctor(loss, model, optimizer)
        assert found.ok and len(found) == 0 and str(found) == "nothing found", found
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize(
    "wrong, right",
    [
        (lambda z: F.cross_entropy(torch.softmax(z, 1), labels), lambda z: F.cross_entropy(z, labels)),
        (lambda z: F.nll_loss(torch.softmax(z, 1), labels), lambda z: F.nll_loss(F.log_softmax(z, 1), labels)),
        (lambda z: F.nll_loss(z, labels), lambda z: F.nll_loss(torch.log_softmax(z, -1), labels)),
        (
            lambda z: F.binary_cross_entropy_with_logits(torch.sigmoid(z[:, 0]), (targets > 0).float()),
            lambda z: F.binary_cross_entropy(torch.sigmoid(z[:, 0]), (targets > 0).float()),
        ),
    ],
)
def test_softmax_before_cross_entropy(wrong, right):
    model, _ = setup()
    assert "softmax-before-cross-entropy" in rules(wrong(model(x)), model)
    assert rules(right(model(x)), model) == set()


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.smooth_l1_loss, lambda a, b: ((a - b) ** 2).mean()])
def test_broadcast_loss(loss):
    model, _ = setup(nn.Linear(4, 1))
    assert rules(loss(model(x), targets), model) == {"broadcast-loss"}
    assert rules(loss(model(x).squeeze(1), targets.unsqueeze(1)), model) == {"broadcast-loss"}
    assert rules(loss(model(x).squeeze(1), targets), model) == set()


def test_no_gradient():
    class Half(nn.Module):
        def __init__(self, forget):
            super().__init__()
            self.a, self.b, self.forget = nn.Linear(4, 3), nn.Linear(3, 3), forget

        def forward(self, x):
            return self.a(x) if self.forget else self.b(self.a(x))

    found = torch.doctor(F.cross_entropy(Half(True)(x), labels), model := Half(True))
    assert "no-gradient" in found.rules
    model = Half(True)
    assert "b.weight, b.bias" in str(torch.doctor(F.cross_entropy(model(x), labels), model))
    model = Half(False)
    assert rules(F.cross_entropy(model(x), labels), model) == set()


def test_not_in_optimizer():
    model, _ = setup()
    partial = optim.SGD(model[0].parameters(), lr=0.1)
    found = torch.doctor(F.cross_entropy(model(x), labels), model, partial)
    assert found.rules == {"not-in-optimizer"} and "2.weight" in str(found)
    other, _ = setup()
    assert "another copy" in str(
        torch.doctor(F.cross_entropy(model(x), labels), model, optim.SGD(other.parameters(), lr=0.1))
    )


def test_missing_zero_grad():
    model, optimizer = setup()
    for _ in range(2):
        loss = F.cross_entropy(model(x), labels)
        found = rules(loss, model, optimizer)
        loss.backward()
        optimizer.step()
    assert found == {"missing-zero-grad"}


@pytest.mark.parametrize("freed", [True, False])
def test_graph_kept_alive(freed):
    model, optimizer = setup(nn.Linear(4, 4), nn.Tanh())
    state = torch.zeros(16, 4)
    total = 0.0
    for step in range(2):
        optimizer.zero_grad()
        state = model(x + state)
        total = total + (state**2).mean()
        loss = (state**2).mean() if freed else total
        found = rules(loss, model, optimizer)
        if step == 0:
            (loss if freed else (model(x) ** 2).mean()).backward()
            optimizer.step()
    assert "graph-kept-alive" in found
    state = torch.zeros(16, 4)
    for _ in range(2):
        optimizer.zero_grad()
        state = model(x + state.detach())
        loss = (state**2).mean()
        assert rules(loss, model, optimizer) == set()
        loss.backward()
        optimizer.step()


def test_dead_relu():
    model, _ = setup()
    with torch.no_grad():
        model[0].bias.sub_(100.0)
    assert "dead-relu" in rules(F.cross_entropy(model(x), labels), model)


@pytest.mark.parametrize("scale, rule", [(1e-3, True), (1e4, True), (None, False)])
def test_vanishing_or_exploding(scale, rule):
    model, _ = setup(
        *[layer for _ in range(6) for layer in (nn.Linear(4, 4), nn.Tanh() if scale == 1e-3 else nn.Identity())]
    )
    if scale is not None:
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(scale if scale < 1 else 30.0)
    assert ("vanishing-or-exploding" in rules((model(x) ** 2).mean(), model)) == rule


def test_nan():
    model, _ = setup(nn.Linear(4, 1))
    loss = torch.sqrt(-(model(x) ** 2)).mean()
    assert rules(loss, model) == {"loss-not-finite", "vanishing-or-exploding"}


def test_train_and_eval():
    model, optimizer = setup(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    model[1].eval()
    assert rules(F.cross_entropy(model(x), labels), model, optimizer) == {"train-and-eval-mixed"}
    model.eval()
    assert rules(F.cross_entropy(model(x), labels), model, optimizer) == {"train-and-eval-mixed"}
    with torch.no_grad():
        assert rules(F.cross_entropy(model(x), labels), model) == {"loss-without-graph"}
        model.train()
        assert rules(F.cross_entropy(model(x), labels), model) == {"loss-without-graph", "train-and-eval-mixed"}
    assert rules(F.cross_entropy(model(x), labels), model, optimizer) == set()


def test_it_says_what_it_wants():
    with pytest.raises(TypeError, match="looks at a loss Tensor"):
        torch.doctor(1.5)
    found = torch.doctor(torch.ones(()))
    assert "loss-without-graph" in found._repr_html_() and repr(found) == "<Checkup: loss-without-graph>"
