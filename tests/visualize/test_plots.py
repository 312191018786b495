"""The plots draw what they are given."""

import numpy as np
import pytest

import autograd as torch
import nn
from autograd.visualize import (
    plot_activations,
    plot_attention,
    plot_decision_boundary,
    plot_filters,
    plot_gradients,
    plot_history,
    plot_weights,
)

matplotlib = pytest.importorskip("matplotlib", reason="plots need matplotlib")
matplotlib.use("Agg")


def visible(figure):
    return [ax for ax in figure.axes if ax.get_visible()]


def test_history_pairs_training_with_validation():
    figure = plot_history({"loss": [3, 2, 1], "val_loss": [3, 2.5, 2], "accuracy": [0.1, 0.5, 0.9]})
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["loss", "accuracy"]
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [[3, 2, 1], [3, 2.5, 2]]
    assert len(plot_history({"loss": [1], "accuracy": [1]}, keys=["loss"]).axes) == 1
    with pytest.raises(ValueError, match="loss"):
        plot_history({"loss": [1]}, keys=["precision"])
    with pytest.raises(ValueError, match="empty"):
        plot_history({})


def test_histograms_have_a_panel_a_layer():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    figure = plot_weights(model)
    for ax in visible(figure):  # what is written there is not written on bars
        below = ax.transAxes.inverted().transform(
            ax.transData.transform((0, max(bar.get_height() for bar in ax.patches)))
        )
        assert below[1] < 0.8
    assert len(visible(figure)) == 2 and len(visible(plot_weights(model, kinds=""))) == 4
    with pytest.raises(ValueError, match="backward"):
        plot_gradients(model)
    model(torch.ones(3, 4)).sum().backward()
    figure = plot_gradients(model)
    counted = sum(patch.get_height() for patch in figure.axes[0].patches)
    assert counted == 32 and "[8, 4]" in figure.axes[0].get_title(loc="left")


def test_activation_maps_and_filters():
    model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 2))
    image = torch.randn(1, 8, 8)
    figure = plot_activations(model, image, layer="1")
    shown = np.stack([ax.images[0].get_array() for ax in figure.axes if ax.images])
    np.testing.assert_allclose(shown, model[:2](image[None]).detach().numpy()[0])
    assert sum(bool(ax.images) for ax in plot_filters(model[0]).axes) == 6
    with pytest.raises(ValueError, match="no filters"):
        plot_filters(model[3])
    with pytest.raises(ValueError, match="maps"):
        plot_activations(model, image, layer="3")
    assert model.training and not model[1]._forward_hooks


def test_attention_has_a_panel_a_head():
    figure = plot_attention(torch.softmax(torch.randn(2, 3, 4, 5), -1), rows=list("abcd"), columns=list("vwxyz"))
    assert len(visible(figure)) == 3
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == list("vwxyz")


@pytest.mark.parametrize("outputs", [1, 3])
def test_decision_boundary(outputs):
    x, y = torch.randn(20, 2), torch.randint(0, 2, (20,))
    figure = plot_decision_boundary(nn.Linear(2, outputs), x, y, points=30)
    assert len(figure.axes[0].collections) >= 2
    with pytest.raises(ValueError, match="plane"):
        plot_decision_boundary(nn.Linear(3, 1), torch.randn(20, 3), y)
