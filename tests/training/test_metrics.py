"""Metrics beside scikit-learn's, whatever the batches."""

from __future__ import annotations

import numpy as np
import pytest

from nn import training as t

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((101, 4))
TRUTH = np.where(RNG.random(101) < 0.5, SCORES.argmax(1), RNG.integers(0, 4, 101))


def of(metric, output, target, size=13):
    metric.reset()
    for i in range(0, len(output), size):
        metric.update(output[i : i + size], target[i : i + size])
    return metric.value()


def test_classification_as_scikit_learn():
    m = pytest.importorskip("sklearn.metrics")
    predicted = SCORES.argmax(1)
    assert of(t.Accuracy(), SCORES, TRUTH) == pytest.approx(m.accuracy_score(TRUTH, predicted))
    assert of(t.TopK(2), SCORES, TRUTH) == pytest.approx(m.top_k_accuracy_score(TRUTH, SCORES, k=2))
    assert of(t.ConfusionMatrix(), SCORES, TRUTH) == m.confusion_matrix(TRUTH, predicted).tolist()
    for average in ("macro", "micro", "weighted", None):
        for ours, theirs in ((t.Precision, m.precision_score), (t.Recall, m.recall_score), (t.F1, m.f1_score)):
            np.testing.assert_allclose(of(ours(average), SCORES, TRUTH), theirs(TRUTH, predicted, average=average))


def test_regression_as_scikit_learn():
    m = pytest.importorskip("sklearn.metrics")
    truth = RNG.standard_normal(101) + 1000
    guess = truth + 0.3 * RNG.standard_normal(101)
    assert of(t.MSE(), guess[:, None], truth) == pytest.approx(m.mean_squared_error(truth, guess))
    assert of(t.MAE(), guess, truth) == pytest.approx(m.mean_absolute_error(truth, guess))
    assert of(t.R2(), guess, truth) == pytest.approx(m.r2_score(truth, guess), rel=1e-9)


def test_one_hot_binary_and_dense_targets():
    assert of(t.Accuracy(), SCORES, np.eye(4)[TRUTH]) == of(t.Accuracy(), SCORES, TRUTH)
    odds = SCORES[:, 0]
    assert (
        of(t.Accuracy(), odds, (odds > 0).astype(float)) == 1.0
        and of(t.Accuracy(), odds[:, None], (odds > 0)[:, None]) == 1.0
    )
    maps = RNG.standard_normal((2, 3, 4, 5))
    assert of(t.Accuracy(), maps, maps.argmax(1)) == 1.0


def test_a_metric_goes_on_where_it_was():
    for make in (t.Accuracy, t.F1, t.MSE, t.R2):
        output, target = (SCORES, TRUTH) if make in (t.Accuracy, t.F1) else (SCORES[:, 0], SCORES[:, 1])
        first, second = make(), make()
        first.reset()
        first.update(output[:50], target[:50])
        second.load_state_dict(first.state_dict())
        second.matrix = np.asarray(second.matrix) if hasattr(second, "matrix") else None
        second.update(output[50:], target[50:])
        assert second.value() == pytest.approx(of(make(), output, target))


def test_wrong_shapes_and_labels():
    with pytest.raises(ValueError, match=r"output of shape \(5, 4\) goes with targets of shape \(5,\)"):
        of(t.Accuracy(), SCORES[:5], TRUTH[:3])
    with pytest.raises(ValueError, match="don't fit 4 classes"):
        of(t.F1(), SCORES[:5], np.full(5, 4))
    with pytest.raises(ValueError, match="must have one shape"):
        of(t.MSE(), SCORES[:5], SCORES[:5, :2])
