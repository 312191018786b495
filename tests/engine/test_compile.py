"""A compiled step gives the same bits as the step itself, or runs as the step itself and says why."""

import numpy as np
import pytest

import autograd as torch
import nn
import optim


def numbers(*shape, seed=0, requires_grad=False):
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return torch.tensor(values, requires_grad=requires_grad)


def perceptron_step(seed=0):
    """A step of gradient descent on a small perceptron, its parameters and the history of its losses."""
    w1, b1, w2 = (numbers(*s, seed=seed + i, requires_grad=True) for i, s in enumerate([(8, 5), (5,), (5, 1)]))
    parameters = [w1, b1, w2]

    def step(x, y):
        for p in parameters:
            p.grad = None
        error = (x @ w1 + b1).relu() @ w2 - y
        loss = (error * error).mean()
        loss.backward()
        return loss

    def update():
        with torch.no_grad():
            for p in parameters:
                p.sub_(p.grad * 0.01)

    return step, update, parameters


class TestSameBits:
    def test_training(self):
        plain, update1, params1 = perceptron_step()
        step, update2, params2 = perceptron_step()
        compiled = torch.compile(step)
        for i in range(10):
            x, y = numbers(16, 8, seed=i), numbers(16, 1, seed=100 + i)
            assert plain(x, y).item() == compiled(x, y).item()
            assert compiled.reason is None
            update1(), update2()
        for p, q in zip(params1, params2):
            assert p.array.tobytes() == q.array.tobytes()

    def test_elementwise_chains_in_blocks(self):
        def f(x, w):
            return ((x * 2 + 1).tanh() * (w * w + 1).sqrt() - x.exp() * 0.01).sum()

        compiled = torch.compile(f)
        for seed in range(3):
            x, w = numbers(100_003, seed=seed), numbers(100_003, seed=seed + 9)
            assert f(x, w).item() == compiled(x, w).item()
        assert "for s, n in blocks" in compiled.source

    def test_arguments_that_require_grad(self):
        compiled = torch.compile(lambda x: ((x * x).sum().backward(), x)[1] * 1.0)
        for seed in range(3):
            x = numbers(4, seed=seed, requires_grad=True)
            compiled(x)
            np.testing.assert_array_equal(x.grad.numpy(), 2 * x.detach().numpy())

    def test_indexing_and_joining(self):
        w = numbers(6, 4, requires_grad=True)

        def step(x):
            w.grad = None
            loss = (torch.cat([w[:2], w[4:]]) * x).sum() + w[3].sum()
            loss.backward()
            return loss

        compiled = torch.compile(step)
        for seed in range(3):
            x = numbers(4, 4, seed=seed)
            a = step(x).item(), w.grad.tolist()
            assert (compiled(x).item(), w.grad.tolist()) == a

    def test_gradients_accumulate_as_ever(self):
        w = numbers(5, requires_grad=True)
        compiled = torch.compile(lambda x: (w * x).sum().backward())
        xs = [numbers(5, seed=i) for i in range(4)]
        for x in xs:
            compiled(x)
        expected = xs[0].numpy() + xs[1].numpy() + xs[2].numpy() + xs[3].numpy()
        np.testing.assert_array_equal(w.grad.numpy(), expected)

    def test_a_gradient_that_was_kept_stays(self):
        w = numbers(5, requires_grad=True)

        def step(x):
            w.grad = None
            (w * x).sum().backward()

        compiled, kept = torch.compile(step), []
        for i in range(4):
            compiled(numbers(5, seed=i))
            kept.append(w.grad)
        for i, grad in enumerate(kept):
            np.testing.assert_array_equal(grad.numpy(), numbers(5, seed=i).numpy())

    def test_results_belong_to_the_caller(self):
        compiled = torch.compile(lambda x: x * 2)
        first = compiled(numbers(3))
        results = [compiled(numbers(3, seed=i)) for i in range(3)]
        first.add_(100.0)
        for i, r in enumerate(results):
            np.testing.assert_array_equal(r.numpy(), 2 * numbers(3, seed=i).numpy())


def bits(tensors):
    return [t.detach().numpy().tobytes() for t in tensors]


class TestWholeTrainingSteps:
    """Two copies of one model, one trained by the step as it is and one by the compiled step, stay equal to the bit."""

    def train(self, model, make_optimizer, steps=6, between=None, shape=(16, 8)):
        trained, reasons = [], []
        for compiled in (False, True):
            torch.manual_seed(0)
            net = model()
            optimizer = make_optimizer(net.parameters())

            def step(x, y, net=net, optimizer=optimizer):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(net(x), y)
                loss.backward()
                optimizer.step()
                return loss

            run = torch.compile(step) if compiled else step
            losses = []
            for i in range(steps):
                y = torch.tensor(np.random.default_rng(i).integers(0, 4, shape[0]))
                losses.append(run(numbers(*shape, seed=i), y).item())
                reasons += [run.reason] if compiled else []
                if between is not None:
                    between(i, net, optimizer)
            trained.append((losses, bits(net.parameters()), bits(p.grad for p in net.parameters())))
        assert trained[0] == trained[1]
        return reasons

    @staticmethod
    def mlp():
        return nn.Sequential(nn.Linear(8, 300), nn.ReLU(), nn.Linear(300, 40), nn.Tanh(), nn.Linear(40, 4))

    @pytest.mark.parametrize("rule", ["SGD", "Adam", "AdamW", "RMSprop", "Adadelta", "Adagrad", "NAdam", "RAdam"])
    def test_optimizers(self, rule):
        assert self.train(self.mlp, lambda ps: getattr(optim, rule)(ps, lr=0.01)) == [None] * 6

    def test_momentum(self):
        make = lambda ps: optim.SGD(ps, lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.01)
        assert self.train(self.mlp, make) == [None] * 6

    def test_a_scheduler_changes_the_learning_rate(self):
        def slower(i, net, optimizer):
            optimizer.param_groups[0]["lr"] *= 0.5

        assert self.train(self.mlp, optim.Adam, between=slower) == [None] * 6

    def test_hyperparameters_that_change_the_rule(self):
        def decay(i, net, optimizer):
            optimizer.param_groups[0]["weight_decay"] = 0.1 * (i % 2)

        self.train(self.mlp, lambda ps: optim.SGD(ps, lr=0.01, momentum=0.9), between=decay)

    def test_state_that_is_loaded(self):
        def reload(i, net, optimizer):
            if i == 3:
                optimizer.load_state_dict(optimizer.state_dict())

        self.train(self.mlp, optim.Adam, between=reload)

    def test_parameters_that_are_loaded_and_frozen(self):
        def change(i, net, optimizer):
            if i == 2:
                net.load_state_dict({k: v * 0.5 for k, v in net.state_dict().items()})
            if i == 3:
                net[0].weight.data = net[0].weight.data * 2

        self.train(self.mlp, optim.Adam, between=change)

    def test_parameters_in_groups(self):
        def groups(parameters):
            first, *others = parameters
            return optim.Adam([{"params": [first], "lr": 0.1}, {"params": others}])

        self.train(self.mlp, groups)

    def test_hooks_of_the_optimizer(self):
        seen = []

        def make(parameters):
            optimizer = optim.Adam(parameters)
            optimizer.register_step_post_hook(lambda *args: seen.append(1))
            return optimizer

        self.train(self.mlp, make)
        assert len(seen) == 12

    def test_dropout_draws_anew(self):
        model = lambda: nn.Sequential(nn.Linear(8, 30), nn.Dropout(0.5), nn.Linear(30, 4))
        assert all("random numbers" in reason for reason in self.train(model, optim.Adam))

    def test_dropout_in_eval_mode_is_replayed(self):
        model = lambda: nn.Sequential(nn.Linear(8, 30), nn.Dropout(0.5), nn.Linear(30, 4)).eval()
        assert self.train(model, optim.Adam) == [None] * 6

    def test_convolutions(self):
        model = lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))
        assert self.train(model, optim.Adam, shape=(8, 1, 8, 8)) == [None] * 6


class TestRecurrence:
    @pytest.mark.parametrize("kind", ["RNNCell", "GRUCell"])
    def test_a_cell_in_a_loop_over_times(self, kind):
        cell = getattr(nn, kind)(5, 7)

        def step(x):
            cell.zero_grad()
            h = torch.zeros(3, 7)
            for t in range(6):
                h = cell(x[t], h)
            loss = (h * h).mean()
            loss.backward()
            return loss

        compiled = torch.compile(step)
        for seed in range(3):
            x = numbers(6, 3, 5, seed=seed)
            expected = step(x).item(), bits(p.grad for p in cell.parameters())
            assert (compiled(x).item(), bits(p.grad for p in cell.parameters())) == expected
            assert compiled.reason is None

    @pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
    def test_layers(self, kind):
        layer = getattr(nn, kind)(5, 7, 2, batch_first=True)

        def step(x):
            layer.zero_grad()
            out, last = layer(x)
            loss = (out * out).mean()
            loss.backward()
            return loss

        compiled = torch.compile(step)
        for seed in range(3):
            x = numbers(3, 6, 5, seed=seed)
            expected = step(x).item(), bits(p.grad for p in layer.parameters())
            assert (compiled(x).item(), bits(p.grad for p in layer.parameters())) == expected
            assert compiled.reason is None

    def test_several_results(self):
        w = numbers(5, 4, requires_grad=True)

        def step(x):
            w.grad = None
            values, _ = (w * x).max(dim=1)
            u, s = torch.linalg.qr(w)
            loss = values.sum() + (u * u * x).sum() + torch.var_mean(w * x, dim=0)[0].sum()
            loss.backward()
            return loss

        compiled = torch.compile(step)
        for seed in range(3):
            x = numbers(5, 4, seed=seed)
            expected = step(x).item(), w.grad.tolist()
            assert (compiled(x).item(), w.grad.tolist()) == expected


class TestGuards:
    def test_new_shapes_make_a_new_program(self):
        compiled = torch.compile(lambda x: (x * x).sum())
        for n in (3, 4, 3, 4):
            assert compiled(numbers(n)).item() == (numbers(n) * numbers(n)).sum().item()
        assert len(compiled.programs) == 2

    def test_python_arguments_are_part_of_the_key(self):
        compiled = torch.compile(lambda x, k: x * k)
        assert [compiled(torch.ones(1), k).item() for k in (2, 3, 2, 3)] == [2.0, 3.0, 2.0, 3.0]

    def test_another_tensor_in_the_closure_is_noticed(self):
        holder = numbers(3)

        def f(x):
            return x * holder

        compiled = torch.compile(f)
        x = torch.ones(3)
        compiled(x), compiled(x)
        holder = numbers(3, seed=5)
        np.testing.assert_array_equal(compiled(x).numpy(), holder.numpy())

    def test_new_values_in_the_same_tensor_are_seen(self):
        w = numbers(3)
        compiled = torch.compile(lambda x: x * w)
        x = torch.ones(3)
        compiled(x), compiled(x)
        w.mul_(3.0)
        np.testing.assert_array_equal(compiled(x).numpy(), w.numpy())

    def test_grad_mode(self):
        w = numbers(3, requires_grad=True)
        compiled = torch.compile(lambda x: (x * w).sum())
        with torch.no_grad():
            compiled(torch.ones(3))
        for _ in range(2):
            assert compiled(torch.ones(3)).requires_grad
        assert "still to come" in compiled.reason


class TestFallsBack:
    @pytest.mark.parametrize(
        ("function", "reason"),
        [
            (lambda x: x * x.sum().item(), "looks at a value"),
            (lambda x: x * 2 if x.sum() > 0 else x * 3, "looks at a value"),
            (lambda x: x + torch.rand(3), "random numbers"),
            (lambda x: x * torch.tensor([1.0, 2.0, 3.0]), "from Python data"),
            (lambda x: (x * 1).add_(1.0), "writes in place"),
        ],
    )
    def test_with_a_reason_and_the_right_result(self, function, reason):
        compiled = torch.compile(function)
        for i in range(3):
            x = numbers(3, seed=i)
            torch.manual_seed(i)
            expected = function(x).tolist()
            torch.manual_seed(i)
            assert compiled(x).tolist() == expected
            assert reason in compiled.reason

    def test_a_function_of_the_users(self):
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, g):
                return g * 2

        w = numbers(3, requires_grad=True)

        def step(x):
            w.grad = None
            (Double.apply(w) * x).sum().backward()

        compiled = torch.compile(step)
        for _ in range(2):
            compiled(torch.ones(3))
            assert w.grad.tolist() == [2.0] * 3
        assert "Function" in compiled.reason

    def test_side_effects_happen_once_per_call_even_then(self):
        calls = []

        def f(x):
            calls.append(1)
            return x * x.sum().item()

        compiled = torch.compile(f)
        compiled(torch.ones(2)), compiled(torch.ones(2))
        assert len(calls) == 2

    def test_hooks(self):
        w = numbers(3, requires_grad=True)
        w.register_hook(lambda g: g * 10)

        def step(x):
            w.grad = None
            (w * x).sum().backward()

        compiled = torch.compile(step)
        for _ in range(2):
            compiled(torch.ones(3))
            assert w.grad.tolist() == [10.0] * 3
        assert "hooks" in compiled.reason

    def test_unknown_options_are_errors(self):
        with pytest.raises(TypeError, match="speed"):
            torch.compile(lambda x: x, speed="high")


class TestFlat:
    def test_calls_whose_results_nobody_reads_are_left_out(self):
        def f(x):
            (x * 3).exp()
            return x + 1

        compiled = torch.compile(f)
        compiled(numbers(3))
        assert compiled.source.count("(t0") == 1

    def test_buffers_are_used_again(self):
        def f(x):
            for _ in range(50):
                x = x * 1.5 + x
            return x

        compiled = torch.compile(f)
        for seed in range(3):
            x = numbers(1000, seed=seed)
            assert f(x).array.tobytes() == compiled(x).array.tobytes()
        program = next(iter(compiled.programs.values()))
        buffers = {id(value) for name, value in program.names.items() if name[0] == "t"}
        assert len(buffers) <= 4

    def test_a_view_made_unseen_is_a_view_in_the_program(self):
        w = numbers(4, 6)

        def f(x):
            return x * w.detach().T[1:3] + x[:, None][:, 0]

        compiled = torch.compile(f)
        for seed in range(3):
            x = numbers(2, 4, seed=seed)
            assert f(x).tolist() == compiled(x).tolist()
            assert compiled.reason is None
            w.add_(1.0)
