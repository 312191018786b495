"""The hypotheses: which mistake turns the true Jacobian into the one that was claimed?

Each hypothesis is a cause and a function that *predicts*: from the true Jacobian (measured, with error bars) it yields
the Jacobians that this mistake would make backward claim, or True where the mistake shows in another way. The table at
the end of this file lists them in the order of simplicity - a sign explains more with less than a missing term does -
and the first prediction that fits names the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..evidence import Case
from . import cotangent, parts, places, reductions, whole
from .base import Prediction

__all__ = ["HYPOTHESES", "TIES"]

Predict = Callable[[Case], Iterator[Prediction]]

TIES = (
    "Each element is between the one-sided derivatives, all together are not: several elements that tie get a full "
    "gradient each (or none gets any). Give it to one of them, or share it."
)

HYPOTHESES: tuple[tuple[str, Predict, str], ...] = (
    (
        "not-finite",
        cotangent.not_finite,
        "Backward gives nan or inf where the function is smooth: look for 0 * inf, 0 / 0 or log(0) in the formula; "
        "mask before dividing, not after.",
    ),
    (
        "ignores-cotangent",
        cotangent.ignores_cotangent,
        "The gradient is the same for every cotangent: the formula does not use g. Multiply by g.",
    ),
    (
        "spurious",
        cotangent.affine,
        "A cotangent of zeros gives a gradient that is not zero: the formula adds something that does not depend on g.",
    ),
    (
        "partial",
        parts.at_kinks,
        "Wrong only where the function has a kink ({pattern}): there every value between the two one-sided slopes is "
        "right, and this one is not between them.",
    ),
    (
        "dtype",
        whole.low_precision,
        "The gradient is right to {kind} only: something on the way is cast down. Look for float(), .astype, a buffer "
        "without dtype=.",
    ),
    (
        "nonlinear",
        cotangent.nonlinear,
        "Backward is not linear in the cotangent, as every vector-Jacobian product is: g is squared, clipped, "
        "compared or normalised.",
    ),
    (
        "wrong-argument",
        places.both_exchanged,
        "It is the gradient of input {other}, and the other way round: the formulas of the two are exchanged.",
    ),
    (
        "detached",
        whole.detached,
        "No gradient arrives where there is one: look for detach(), .data, no_grad, numpy() or a formula that is "
        "missing or returns None.",
    ),
    ("sign", whole.sign, "The sign is wrong: a minus is missing, or is one too many."),
    (
        "missing-mean",
        whole.missing_mean,
        "It is {n} times too large, and {n} elements are reduced: the 1/n of the mean is forgotten.",
    ),
    (
        "factor",
        whole.factor,
        whole.FACTOR,
    ),
    (
        "wrong-argument",
        places.wrong_argument,
        "It is the gradient of input {other}: the formulas of the two are exchanged, or this one uses the wrong "
        "argument.",
    ),
    (
        "wrong-argument",
        places.other_output,
        "It is the gradient of output {other}: the cotangents of the two are exchanged (backward gets them in the order in which "
        "forward returns the outputs).",
    ),
    (
        "missing-reduction",
        reductions.missing_reduction,
        "The sum over axis {axis} of the cotangent is missing: the input was used at every place along it, and "
        "only one place counts.",
    ),
    (
        "transposed",
        places.transposed,
        "The right numbers in transposed places: an axis pair is exchanged (.mT, permute without its inverse, g @ "
        "w for g @ w.mT).",
    ),
    (
        "transposed",
        places.shifted,
        "The right numbers, {n} further along axis {along} of the {what}: an offset, a slice or the padding is off, or on the "
        "other side.",
    ),
    (
        "transposed",
        places.other_side,
        "Along axis {along} each element gathers from the places on its other side: a scan runs the wrong way (flip, cumsum, "
        "flip).",
    ),
    (
        "transposed",
        places.misplaced,
        "The right numbers in a wrong order: the inverse of a permutation is meant, or the other way round.",
    ),
    ("missing-reduction", reductions.summed_over_another_axis, reductions.WRONG_AXIS),
    (
        "transposed",
        places.from_other_places,
        "The right numbers from wrong places of the cotangent: an index, an axis or a permutation is another one than in "
        "the function.",
    ),
    ("constant-cotangent", cotangent.constant_cotangent, cotangent.CONSTANT),
    (
        "missing-term",
        parts.one_hot,
        "A term is left out in some elements: true = claimed + g * {what} there (a one-hot target, a mask).",
    ),
    (
        "partial",
        parts.partial,
        "Wrong in some elements only ({pattern}), right in the others: look at how the formula treats these.{there}",
    ),
    (
        "spurious",
        whole.no_gradient_at_all,
        "A gradient is claimed where there is none: the function does not depend on this input here (it is constant, "
        "rounded or masked).",
    ),
    (
        "spurious",
        parts.spurious_elements,
        "A gradient is claimed where there is none, and right elsewhere: a mask is missing in the formula.",
    ),
    (
        "spurious",
        parts.inverted_mask,
        "A gradient is claimed where there is none, and none where there is one: the mask is inverted.",
    ),
    (
        "spurious",
        parts.another_mask,
        "Some elements get a gradient that should get none, others lose theirs, and the rest is right: the mask is another one "
        "than in the forward pass (drawn again, or a condition on other values).",
    ),
    (
        "partial",
        parts.exchanged_branches,
        "Each of two slopes is claimed where the other one is due: the mask is inverted, or the branches are exchanged.",
    ),
    (
        "partial",
        parts.partial_outputs,
        "Wrong for some elements of the output only ({pattern}), right for the others.{there}",
    ),
    ("missing-term", parts.missing_factor, "A factor of the chain is left out: true = claimed * {what}."),
    (
        "wrong-argument",
        places.kept_another,
        "It would be right if the formula were given the {what}, and it is given the {other}: look at what is saved for it.",
    ),
    ("missing-term", parts.weighted, parts.AT_OUTPUT),
    ("missing-term", parts.one_number, parts.ONE_NUMBER),
    ("missing-term", parts.missing_summand, parts.TERM),
    (
        "partial",
        parts.scattered,
        "Wrong in some elements only ({pattern}), right in the others: look at how the formula treats these.{there}",
    ),
    (
        "missing-term",
        parts.missing_term,
        "Neither a sign, a factor nor a permutation explains it, and the shape of the dependence is right: a term "
        "of a sum or a factor of a chain is left out.",
    ),
    (
        "spurious",
        parts.extra_term,
        "A gradient is claimed where there is none, and what is there is off too: a term too many, or a sum over more "
        "than the function used.",
    ),
    (
        "unknown",
        cotangent.anything,
        "It fits no mistake that is known here. The table shows the worst elements; compare the formula with the "
        "derivative by hand.",
    ),
)
"""(cause, what the mistake would make backward claim, what to look at), the simplest explanation first."""
