"""The Trainer: it learns, stops, logs; a process killed with SIGKILL inside an epoch goes on bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd.utils.data import DataLoader, TensorDataset
from nn import training as t


def problem(n=200, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5)).astype(np.float32)
    y = (x @ rng.standard_normal((5, 3))).argmax(1)
    return x, y


def trainer(callbacks=(), lr=0.05, **options):
    autograd.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))
    return nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optim.Adam(model.parameters(), lr=lr),
        metrics=["accuracy", "top3"],
        callbacks=callbacks,
        **options,
    )


def test_learns_evaluates_and_predicts():
    x, y = problem()
    tr = trainer()
    history = tr.fit(x, y, epochs=12, batch_size=20, validation_split=0.2, verbose=False)
    assert history is tr.history and history.epochs == 12 and tr.step == 12 * 8
    assert (
        history["val_accuracy"][-1] > 0.85
        and history["loss"][-1] < history["loss"][0]
        and history["top3"] == [1.0] * 12
    )
    found = tr.evaluate(x[160:], y[160:], batch_size=7)
    assert (
        found["loss"] == pytest.approx(history["val_loss"][-1], rel=1e-6)
        and found["accuracy"] == history["val_accuracy"][-1]
    )
    outputs = tr.predict(x, batch_size=33)
    assert outputs.shape == (200, 3) and not outputs.requires_grad
    assert (outputs.numpy().argmax(1)[160:] == y[160:]).mean() == pytest.approx(found["accuracy"])
    assert tr.model.training


def test_loaders_do_too():
    x, y = problem()
    loader = DataLoader(TensorDataset(autograd.tensor(x), autograd.tensor(y)), batch_size=20, shuffle=True)
    tr = trainer()
    tr.fit(loader, epochs=2, validation_data=loader, verbose=False)
    assert set(tr.history) == {"loss", "accuracy", "top3", "val_loss", "val_accuracy", "val_top3"}


def test_progress_is_shown(capsys):
    pytest.importorskip("tqdm")
    trainer().fit(*problem(40), epochs=1)
    shown = capsys.readouterr()
    assert "epoch 1/1: loss" in shown.out and "epoch 1/1" in shown.err


def test_penalties():
    x, y = problem(40)
    plain, l2 = trainer(), trainer(l1=0.1, l2=0.1)
    for tr in (plain, l2):
        tr.fit(x, y, epochs=20, verbose=False)
    size = [sum(float(p.detach().abs().sum()) for p in tr.model.parameters() if p.ndim > 1) for tr in (plain, l2)]
    assert size[1] < 0.5 * size[0]


def test_early_stopping_restores_the_best():
    seen = []

    class Watch(t.Callback):
        def on_epoch_end(self, tr, logs):
            logs["score"] = [3.0, 2.0, 2.5, 2.6, 1.0][tr.epoch - 1]
            seen.append({k: v.detach().clone() for k, v in tr.model.state_dict().items()})

    tr = trainer([Watch(), t.EarlyStopping("score", patience=2)])
    tr.fit(*problem(40), epochs=9, verbose=False)
    assert tr.epoch == 4
    for name, value in tr.model.state_dict().items():
        np.testing.assert_array_equal(value.detach().numpy(), seen[1][name].numpy())
    with pytest.raises(KeyError, match="no 'val_loss' to monitor; this epoch has loss, accuracy"):
        trainer([t.EarlyStopping()]).fit(*problem(40), verbose=False)


def test_schedule_csv_and_curves(tmp_path):
    tr = trainer()
    schedule = optim.lr_scheduler.StepLR(tr.optimizer, 1, 0.5)
    tr.callbacks = [t.LRSchedule(schedule), t.CSVLog(tmp_path / "log.csv")]
    tr.fit(*problem(40), epochs=3, verbose=False)
    assert tr.history["lr"] == [0.05, 0.025, 0.0125]
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,accuracy,top3,lr" and len(lines) == 4 and lines[3].endswith("0.0125")
    pytest.importorskip("matplotlib")
    tr.callbacks.append(t.LiveCurve(tmp_path / "live.png"))
    tr.fit(*problem(40), epochs=4, verbose=False)
    tr.history.plot(tmp_path / "curves.svg")
    assert (tmp_path / "live.png").stat().st_size > 1000 and (tmp_path / "curves.svg").stat().st_size > 1000


@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("at", [3, 10, 13])
def test_resuming_is_bit_for_bit(tmp_path, at, own_generator):
    """Inside an epoch, at its end, and inside the next one; with dropout, a schedule and metrics."""
    x, y = problem(200)

    class Stop(Exception):
        pass

    class Die(t.Callback):
        def on_batch_end(self, tr, logs):
            if tr.step == at + 1:
                raise Stop

    def run(die, resume=None):
        tr = trainer()
        schedule = optim.lr_scheduler.ExponentialLR(tr.optimizer, 0.9)
        tr.callbacks = [t.LRSchedule(schedule, every="batch"), t.Checkpoint(tmp_path / "c.pt", every_steps=1)]
        if die:
            tr.callbacks.insert(0, Die())
        else:
            tr.callbacks.insert(0, t.Callback())
        generator = autograd.Generator().manual_seed(4) if own_generator else None
        loader = DataLoader(
            TensorDataset(autograd.tensor(x), autograd.tensor(y)), 20, shuffle=True, generator=generator
        )
        if resume:
            autograd.manual_seed(99)
        tr.fit(loader, epochs=3, validation_data=(x, y), resume=resume, verbose=False)
        return tr

    whole = run(False)
    (tmp_path / "c.pt").unlink()
    with pytest.raises(Stop):
        run(True)
    resumed = run(False, tmp_path / "c.pt")
    assert resumed.history == whole.history and resumed.step == whole.step == 30
    for a, b in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


PROGRAM = """
    import sys, time
    import numpy as np, autograd, nn, optim
    from nn import training as t

    autograd.manual_seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((160, 5)).astype(np.float32)
    y = (x.sum(1) > 0).astype(np.int64)
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))

    class Slow(t.Callback):
        def on_batch_end(self, tr, logs):
            print(tr.step, flush=True)
            time.sleep(float(sys.argv[2]))

    tr = nn.Trainer(model, nn.CrossEntropyLoss(), optim.AdamW(model.parameters(), lr=0.01), metrics=["accuracy"],
                    callbacks=[Slow(), t.Checkpoint(sys.argv[1], every_steps=1)])
    tr.fit(x, y, epochs=3, batch_size=8, resume=sys.argv[1], verbose=False)
    print(repr(tr.history), [float(np.abs(p.detach().numpy()).astype(np.float64).sum()) for p in model.parameters()])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX's")
def test_a_killed_process_goes_on_bit_for_bit(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in [os.getcwd(), *sys.path] if p),
        "OMP_NUM_THREADS": "1",
    }

    def start(path, pause):
        return subprocess.Popen(
            [sys.executable, program, path, str(pause)], stdout=subprocess.PIPE, text=True, env=environment
        )

    expected = start(tmp_path / "whole.pt", 0).communicate(timeout=100)[0].splitlines()[-1]
    victim = start(tmp_path / "killed.pt", 0.02)
    for line in victim.stdout:
        if line.strip() == "27":  # inside the second epoch
            time.sleep(0.005)
            os.kill(victim.pid, signal.SIGKILL)
            break
    assert victim.wait(timeout=60) == -signal.SIGKILL
    lines = start(tmp_path / "killed.pt", 0).communicate(timeout=100)[0].splitlines()
    assert lines[0] in ("27", "28", "29") and lines[-1] == expected


def test_bad_input_says_what_to_do():
    x, y = problem(40)
    with pytest.raises(ValueError, match="x has 40 samples and y has 39"):
        trainer().fit(x, y[1:], verbose=False)
    with pytest.raises(ValueError, match="targets are missing"):
        trainer().fit(x)
    with pytest.raises(ValueError, match="loader gave no batch"):
        trainer().fit(x[:0], y[:0], verbose=False)
    with pytest.raises(ValueError, match=r"loss is nan in epoch 1, step 1.*learning rate"):
        trainer().fit(x * np.float32("nan"), y, verbose=False)
    with pytest.raises(ValueError, match="no optimizer"):
        nn.Trainer(nn.Linear(1, 1), nn.MSELoss()).fit(x, y)
    with pytest.raises(ValueError, match="there is no metric 'auc'; there are accuracy"):
        nn.Trainer(nn.Linear(1, 1), nn.MSELoss(), metrics=["auc"])
    with pytest.raises(ValueError, match="validation_data or validation_split"):
        trainer().fit(x, y, validation_data=(x, y), validation_split=0.5)
    with pytest.raises(ValueError, match=r"must yield \(input, target\)"):
        trainer().fit(DataLoader(TensorDataset(autograd.tensor(x))), verbose=False)
