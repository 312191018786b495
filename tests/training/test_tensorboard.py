"""What SummaryWriter writes, TensorBoard's own reader reads."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
import nn
from autograd.utils.tensorboard import SummaryWriter


def test_tensorboard_reads_it(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    pytest.importorskip("PIL")
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    values = np.random.default_rng(0).standard_normal(1000)
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", autograd.tensor(1.0 / (step + 1)), step)
        writer.add_histogram("weights", values, 1)
        writer.add_text("note", "*hello*", 1)
        writer.add_image("picture", autograd.rand(3, 5, 7), 2)
        writer.add_images("pictures", autograd.rand(4, 1, 5, 7), 2)
        writer.add_graph(model, autograd.randn(1, 3))
    found = reader.EventAccumulator(str(tmp_path), size_guidance={reader.SCALARS: 0, reader.HISTOGRAMS: 0}).Reload()
    assert [(e.step, round(e.value, 4)) for e in found.Scalars("loss")] == [(0, 1.0), (1, 0.5), (2, 0.3333)]
    histogram = found.Histograms("weights")[0].histogram_value
    assert histogram.num == 1000 and histogram.sum == pytest.approx(values.sum()) and sum(histogram.bucket) == 1000
    assert (found.Images("picture")[0].height, found.Images("picture")[0].width) == (5, 7)
    assert found.Images("pictures")[0].width == 28
    nodes = {n.name: list(n.input) for n in found.Graph().node}
    assert {"0/weight", "0/bias", "2/weight", "2/bias"} <= set(nodes)
    assert all(i in nodes for inputs in nodes.values() for i in inputs)


def test_errors(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(ValueError, match="needs input_to_model"):
            writer.add_graph(nn.Linear(1, 1))
        with pytest.raises(ValueError, match=r"shape \(2, 3\) can't have the dimensions 'CHW'"):
            writer.add_image("x", np.zeros((2, 3)))
