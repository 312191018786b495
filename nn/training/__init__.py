"""Training: the Trainer, its metrics and its callbacks."""

from __future__ import annotations

from .callbacks import Callback, Checkpoint, CSVLog, EarlyStopping, LiveCurve, LRSchedule
from .history import History
from .metrics import F1, MAE, MSE, R2, Accuracy, ConfusionMatrix, Metric, Precision, Recall, TopK
from .trainer import Trainer

__all__ = [
    "F1",
    "MAE",
    "MSE",
    "R2",
    "Accuracy",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "ConfusionMatrix",
    "EarlyStopping",
    "History",
    "LRSchedule",
    "LiveCurve",
    "Metric",
    "Precision",
    "Recall",
    "TopK",
    "Trainer",
]
