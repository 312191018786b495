"""What the hypotheses share."""

from __future__ import annotations

from typing import Any

Prediction = tuple[Any, dict[str, Any]]  # the claim it would make (True: it is so, whatever the claim), and details


def nice(x: float) -> float:
    """The number without the noise of its last digits, where it is one that people write."""
    for scale in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12):
        if abs(x * scale - round(x * scale)) < 1e-6 * abs(x * scale) and round(x * scale):
            return round(x * scale) / scale
    return float(f"{x:.9g}")
