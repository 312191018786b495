"""History: the numbers of each epoch, and their curves."""

from __future__ import annotations

import numbers
from pathlib import Path
from typing import Any

__all__ = ["History"]


class History(dict[str, list[Any]]):
    """``history["loss"]`` is the list of losses, one for each epoch; validation's begin with ``val_``.

    >>> h = History()
    >>> h.add({"loss": 0.5, "val_loss": 0.6})
    >>> h["val_loss"], h.epochs
    ([0.6], 1)
    """

    @property
    def epochs(self) -> int:
        """How many epochs there are."""
        return max((len(values) for values in self.values()), default=0)

    def add(self, logs: dict[str, Any]) -> None:
        """Append an epoch; a name that comes late is filled with NaN."""
        before = self.epochs
        for name, value in logs.items():
            values = self.setdefault(name, [])
            values.extend([float("nan")] * (before - len(values)))
            values.append(value)

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the curves, training and validation together; writes a file if a path is given. Returns the figure.

        Raises ImportError where matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError("History.plot draws with matplotlib: pip install matplotlib") from error
        names = [n for n in self if not n.startswith("val_") and all(isinstance(v, numbers.Real) for v in self[n])]
        figure = Figure(figsize=(max(4 * len(names), 4), 3.2), layout="constrained")
        for axes, name in zip(figure.subplots(1, max(len(names), 1), squeeze=False)[0], names, strict=False):
            for label, values in ((name, self[name]), ("val_" + name, self.get("val_" + name))):
                if values is not None:
                    axes.plot(range(1, len(values) + 1), values, marker="o", markersize=3, label=label)
            axes.set_xlabel("epoch")
            axes.set_title(name)
            axes.legend()
            axes.grid(alpha=0.3)
        if path is not None:
            figure.savefig(path, dpi=120)
        return figure
