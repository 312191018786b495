"""Plots of training and of what a network sees, with matplotlib: one function each; all return the figure.

Text and axes are a middle grey on a transparent page, to be read in a light notebook and in a dark one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..graph import no_grad
from ..tensor import Tensor

__all__ = [
    "plot_activations", "plot_attention", "plot_decision_boundary", "plot_filters", "plot_gradients", "plot_history",
    "plot_weights",
]  # fmt: skip

GREY = "#7b8794"
COLORS = ("#4063d8", "#cb3c33", "#389826", "#9558b2", "#e08b10", "#17a2b8")


def pyplot() -> Any:
    """matplotlib.pyplot. Raises ImportError with the cure if it is missing."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install matplotlib") from error
    return plt


def _figure(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    fig, axes = pyplot().subplots(rows, columns, figsize=size, layout="constrained", squeeze=False, **options)
    fig.patch.set_alpha(0)
    for ax in axes.flat:
        ax.patch.set_alpha(0)
        ax.tick_params(colors=GREY, labelsize=8)
        for side, spine in ax.spines.items():
            spine.set_color(GREY)
            spine.set_visible(side in ("left", "bottom"))
        for label in (ax.title, ax.xaxis.label, ax.yaxis.label):
            label.set_color(GREY)
    return fig, axes


def _done(fig: Any) -> Any:
    pyplot().close(fig)  # the notebook shows what is returned; it must not show it twice
    return fig


def _array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)


def plot_history(history: Any, keys: Sequence[str] | None = None, per: str = "epoch") -> Any:
    """Curves of training: one panel for each quantity, with its validation twin in it.

    Args:
        history: a mapping of names to lists of numbers (one an epoch), or an object that has one as ``.history``.
            ``val_loss`` (or ``test_loss``) is drawn with ``loss`` (or ``train_loss``).
        keys: which quantities; None draws all.
        per: what one number of a list stands for, such as "step".

    Raises ValueError for an empty history or an unknown key.

    >>> plot_history({"loss": [2.0, 1.0, 0.5], "val_loss": [2.1, 1.2, 0.9]}).axes[0].get_title(loc="left")
    'loss'
    """
    series: Mapping[str, Any] = getattr(history, "history", history)
    panels: dict[str, list[tuple[str, Any]]] = {}
    for name, values in series.items():
        role, _, base = name.partition("_")
        base, role = (
            (base, role) if role in ("val", "test", "train", "valid", "validation") and base else (name, "train")
        )
        panels.setdefault(base, []).append((role, values))
    if keys is not None:
        missing = [key for key in keys if key not in panels]
        if missing:
            raise ValueError(f"history has no {missing[0]!r}; it has {', '.join(panels)}")
        panels = {key: panels[key] for key in keys}
    if not panels:
        raise ValueError("the history is empty: nothing was recorded")
    fig, axes = _figure(1, len(panels), (4.2 * len(panels), 3.0))
    for ax, (name, curves) in zip(axes.flat, panels.items(), strict=True):
        for color, (role, values) in zip(COLORS, curves, strict=False):
            y = [float(v) for v in values]
            ax.plot(range(1, len(y) + 1), y, "o-" if len(y) <= 40 else "-", ms=3.5, color=color, label=role)
        ax.set_title(name, loc="left", fontsize=11, color=GREY)
        ax.set_xlabel(per, color=GREY)
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        ax.grid(alpha=0.2)
        if len(curves) > 1:
            ax.legend(frameon=False, labelcolor=GREY, fontsize=8)
    return _done(fig)


def plot_weights(model: Any, bins: int = 60, kinds: str = "weight") -> Any:
    """A histogram of each parameter whose name ends in ``kinds`` ("" for all)."""
    found = {name: _array(p) for name, p in model.named_parameters() if name.endswith(kinds)}
    return _histograms(found, bins, COLORS[0], "parameters")


def plot_gradients(model: Any, bins: int = 60, kinds: str = "weight") -> Any:
    """A histogram of the gradient of each parameter; call it after ``backward``.

    Raises ValueError if no parameter has a gradient.
    """
    named = ((name, p) for name, p in model.named_parameters() if name.endswith(kinds))
    found = {name: _array(p.grad) for name, p in named if p.grad is not None}
    return _histograms(found, bins, COLORS[1], "gradients (was backward() called, and not zero_grad() since?)")


def _histograms(found: Mapping[str, Any], bins: int, color: str, what: str) -> Any:
    if not found:
        raise ValueError(f"there are no {what} to plot")
    columns = min(3, len(found))
    rows = math.ceil(len(found) / columns)
    fig, axes = _figure(rows, columns, (3.4 * columns, 2.0 * rows))
    for ax in axes.flat[len(found) :]:
        ax.set_visible(False)
    for ax, (name, values) in zip(axes.flat, found.items(), strict=False):
        counts, _, _ = ax.hist(values.ravel(), bins=bins, color=color, alpha=0.85)
        ax.set_ylim(0, 1.28 * max(1, counts.max()))  # room for the words above the bars
        ax.set_title(f"{name}  {list(values.shape)}", loc="left", fontsize=9, color=GREY)
        ax.set_yticks([])
        ax.text(0.98, 0.92, f"{values.mean():.2g} ± {values.std():.2g}", transform=ax.transAxes, ha="right", va="top",
                fontsize=8, color=GREY)  # fmt: skip
    return _done(fig)


def plot_activations(model: Any, input: Any, layer: Any = None, limit: int = 32) -> Any:
    """What a convolutional layer answers to one image: a map for each channel.

    Args:
        input: an image batch (N, C, H, W), of which the first is shown, or one image (C, H, W).
        layer: the module inside ``model``, or its name; None takes the first that answers with maps.
        limit: how many channels are drawn.

    Raises ValueError if no layer answers with a 4-d result.
    """
    named = dict(model.named_modules())
    wanted = [named[layer]] if isinstance(layer, str) else [layer] if layer is not None else list(named.values())[1:]
    caught: list[Any] = []
    handles = [m.register_forward_hook(lambda module, given, made: caught.append(made)) for m in wanted]
    training = model.training
    try:
        model.eval()
        with no_grad():
            model(input if input.ndim == 4 else input.unsqueeze(0))
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    maps = next((_array(y) for y in caught if isinstance(y, Tensor) and y.ndim == 4), None)
    if maps is None:
        raise ValueError("no layer answered with maps of shape (N, C, H, W): name one with layer=")
    return _tiles(maps[0][:limit], "viridis")


def plot_filters(layer: Any, limit: int = 32) -> Any:
    """The filters of a convolution, as pictures: blue negative, red positive; colour images as they are averaged.

    Raises ValueError for a module without a 4-d weight.
    """
    weight = getattr(layer, "weight", None)
    if weight is None or weight.ndim != 4:
        raise ValueError(f"{type(layer).__name__} has no filters of shape (out, in, height, width)")
    filters = _array(weight)[:limit].mean(1)
    return _tiles(filters, "RdBu_r", float(np.abs(filters).max()))


def _tiles(images: Any, cmap: str, bound: float | None = None) -> Any:
    columns = min(8, len(images))
    rows = math.ceil(len(images) / columns)
    fig, axes = _figure(rows, columns, (1.15 * columns, 1.2 * rows))
    for n, ax in enumerate(axes.flat):
        ax.axis("off")
        if n < len(images):
            ax.imshow(images[n], cmap=cmap, vmin=None if bound is None else -bound, vmax=bound)
    return _done(fig)


def plot_attention(weights: Any, rows: Sequence[str] | None = None, columns: Sequence[str] | None = None) -> Any:
    """Attention weights as a heat map for each head.

    Args:
        weights: (target, source), (heads, target, source), or with a batch dimension, of which the first is shown.
        rows, columns: labels of the targets and the sources.
    """
    array = _array(weights)
    while array.ndim > 3:
        array = array[0]
    array = array[None] if array.ndim == 2 else array
    n = len(array)
    across = min(4, n)
    down = math.ceil(n / across)
    fig, axes = _figure(down, across, (3.1 * across, 3.0 * down))
    for head, ax in enumerate(axes.flat):
        if head >= n:
            ax.set_visible(False)
            continue
        ax.imshow(array[head], cmap="Blues", vmin=0, vmax=max(float(array.max()), 1e-12))
        ax.set_title(f"head {head}" if n > 1 else "attention", loc="left", fontsize=9, color=GREY)
        if columns is not None:
            ax.set_xticks(range(len(columns)), columns, rotation=90 if max(map(len, columns)) > 2 else 0, fontsize=7)
        if rows is not None:
            ax.set_yticks(range(len(rows)), rows, fontsize=7)
    return _done(fig)


def plot_decision_boundary(model: Callable[[Tensor], Any], x: Any, y: Any, points: int = 200) -> Any:
    """Where a classifier of points in the plane changes its mind, under the points of a data set.

    Args:
        model: takes (N, 2) and answers with (N, classes), or with one score a point whose sign decides.
        x: (N, 2) points.  y: (N,) labels.
        points: of the grid along each side.

    Raises ValueError if ``x`` is not (N, 2).
    """
    from ..creation import tensor

    at, labels = _array(x), _array(y).ravel()
    if at.ndim != 2 or at.shape[1] != 2:
        raise ValueError(f"x must be points in the plane, of shape (N, 2), not {list(at.shape)}")
    low, high = at.min(0), at.max(0)
    pad = 0.1 * (high - low)
    grid = [np.linspace(low[i] - pad[i], high[i] + pad[i], points) for i in range(2)]
    mesh = np.stack(np.meshgrid(*grid), -1).reshape(-1, 2).astype(np.float32)
    with no_grad():
        scores = _array(model(tensor(mesh)))
    one = scores.ndim == 1 or scores.shape[1] == 1
    decided = (scores.ravel() > 0).astype(int) if one else scores.argmax(1)
    fig, axes = _figure(1, 1, (4.4, 3.8))
    ax = axes[0, 0]
    cmap = pyplot().matplotlib.colors.ListedColormap(COLORS)
    top = len(COLORS) - 1
    ax.contourf(*grid, decided.reshape(points, points), levels=np.arange(-0.5, top + 1), cmap=cmap, alpha=0.25)
    ax.scatter(at[:, 0], at[:, 1], c=labels, cmap=cmap, vmin=0, vmax=top, s=14, edgecolors="white", linewidths=0.4)
    return _done(fig)
