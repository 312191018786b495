"""doctor: the classic mistakes of a training step, found in the recorded graph and the state around it.

Each rule is a function of the case that yields what it finds; ``RULES`` is the list. A rule speaks only when it is
sure: it reads what was recorded (operations, shapes, saved values, the times of writes), not the text of the program.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import passes
from ..graph import FREED, Leaf, Node, Part
from ..tensor import Tensor
from ..views import current, last_write

__all__ = ["Checkup", "Finding", "doctor"]

VANISHING, EXPLODING = 1e-6, 1e4
DEAD = 0.9
LOSSES = ("mse_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "smooth_l1_loss", "huber_loss", "sub")
NEUTRAL = (
    "view",
    "permute",
    "expand",
    "to_copy",
    "slice",
    "squeeze",
    "unsqueeze",
    "transpose",
    "reshape",
    "clone",
    "t",
)


@dataclass
class Finding:
    """One thing that is probably wrong: the rule's name, what was seen, and the cure."""

    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


class Checkup:
    """What the doctor found: iterate over it, print it, or look at it in a notebook. Empty (and false) if all is
    well."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def rules(self) -> set[str]:
        """The names of the rules that found something."""
        return {finding.rule for finding in self.findings}

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings)) if self.findings else "nothing found"

    def __repr__(self) -> str:
        return f"<Checkup: {', '.join(sorted(self.rules)) or 'nothing found'}>"

    def _repr_html_(self) -> str:
        items = "".join(f"<li><b>{html.escape(f.rule)}</b>: {html.escape(f.message)}</li>" for f in self.findings)
        return f"<ul>{items}</ul>" if items else "<p>nothing found</p>"


def doctor(loss: Tensor, model: Any = None, optimizer: Any = None) -> Checkup:
    """Look for the classic mistakes in a training step. Call it after the loss is computed and before ``backward()``.

    Args:
        loss: the loss of this step, with its graph.
        model: the ``nn.Module`` (anything with ``named_parameters`` and ``named_modules``).
        optimizer: anything with ``param_groups``.

    Returns:
        A Checkup: a list of findings, each with the name of its rule and the cure.

    Nothing is changed: gradients that the rules need are computed apart from ``.grad``.

    >>> import autograd, nn
    >>> model = nn.Linear(3, 1)
    >>> prediction, target = model(autograd.randn(8, 3)), autograd.randn(8)
    >>> print(doctor(((prediction - target) ** 2).mean(), model).rules)
    {'broadcast-loss'}
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"doctor() looks at a loss Tensor, and got a {type(loss).__name__}")
    case = _Case(loss, model, optimizer)
    return Checkup([Finding(rule.__name__.replace("_", "-"), message) for rule in RULES for message in rule(case)])


class _Case:
    """The graph of the loss, the parameters by name, and their gradients."""

    def __init__(self, loss: Tensor, model: Any, optimizer: Any) -> None:
        self.loss, self.model, self.optimizer = loss, model, optimizer
        self.root = current(loss)
        self.nodes = _nodes_of(self.root)
        self.by_id = {node.id: node for node in self.nodes}
        named = [] if model is None else list(model.named_parameters())
        self.parameters: dict[str, Tensor] = dict(named)
        self.modules = [] if model is None else list(model.named_modules())
        self.freed = [node for node in self.nodes if node.saved is FREED]
        self.gradients = self._gradients()

    def _gradients(self) -> dict[str, Any]:
        """The gradient of this loss for each parameter that it reaches; nothing where the graph is gone."""
        reached = {n: p for n, p in self.trainable().items() if current(p) is not None and current(p).id in self.by_id}  # type: ignore[union-attr]
        if self.root is None or self.freed or not reached or self.loss.array.size != 1:
            return {}
        with np.errstate(all="ignore"):
            got = passes.grad(self.loss, list(reached.values()), retain_graph=True, allow_unused=True)
        return {name: g.array for name, g in zip(reached, got, strict=True) if g is not None}

    def trainable(self) -> dict[str, Tensor]:
        """The parameters that require grad."""
        return {name: p for name, p in self.parameters.items() if p.requires_grad}

    def optimized(self) -> list[Tensor]:
        """What the optimizer updates."""
        groups = [] if self.optimizer is None else self.optimizer.param_groups
        return [p for group in groups for p in group["params"]]

    def near_loss(self) -> list[Node]:
        """The operations that make the loss of predictions: the last few, not those of the layers."""
        found, front = [], [] if self.root is None else [self.root]
        for _ in range(8):
            found += front
            front = [
                p for node in front for p in node.parents if p is not None and p.op is not None and not _is_layer(p)
            ]
        return [node for node in found if node.op is not None]


def _is_layer(node: Node) -> bool:
    return node.op.name in ("linear", "addmm", "matmul", "convolution", "layer_norm", "embedding")  # type: ignore[union-attr]


def _nodes_of(root: Node | None) -> list[Node]:
    """Every node that leads to the loss, the youngest first; no recursion."""
    found: dict[int, Node] = {}
    stack = [] if root is None else [root]
    while stack:
        node = stack.pop()
        if node.id not in found:
            found[node.id] = node
            stack.extend([p for p in node.parents if p is not None and p.id not in found])
    return [found[id] for id in sorted(found, reverse=True)]


def _source(node: Node | None) -> Node | None:
    """The operation behind views, casts and the parts of several results."""
    while node is not None and node.op is not None and (isinstance(node, Part) or node.op.name in NEUTRAL):
        node = node.parents[0] if node.parents else None
    return node


def _names(items: Any, most: int = 4) -> str:
    items = list(items)
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


# --- the graph of the loss -----------------------------------------------------------------------------------------


def loss_without_graph(case: _Case) -> Iterator[str]:
    """The loss does not require grad."""
    if case.root is None:
        yield (
            "the loss does not require grad: it was computed under no_grad, or from detached values, or no parameter "
            "requires grad. backward() would raise"
        )


def loss_not_finite(case: _Case) -> Iterator[str]:
    """NaN or infinity."""
    if not np.isfinite(case.loss.array).all():
        yield "the loss is nan or inf. Run forward and backward inside detect_anomaly() to see the line that made it"


def softmax_before_cross_entropy(case: _Case) -> Iterator[str]:
    """The loss applies softmax (or sigmoid) itself."""
    wrong = {
        "softmax_cross_entropy": (
            "softmax",
            "cross_entropy takes logits: it applies log_softmax itself. Leave softmax away",
        ),
        "binary_cross_entropy_with_logits": (
            "sigmoid",
            "it takes logits: leave sigmoid away, or use binary_cross_entropy",
        ),
        "nll_loss": ("softmax", "nll_loss takes log-probabilities: use log_softmax, or cross_entropy on the logits"),
    }
    for node in case.nodes:
        before, cure = wrong.get(node.op.name if node.op is not None else "", ("", ""))
        source = _source(node.parents[0]) if before else None
        if source is not None and source.op is not None and source.op.name == before:
            yield f"{before} is applied before {node.op.name}. {cure}"  # type: ignore[union-attr]
    for node in case.nodes:
        if node.op is not None and node.op.name == "nll_loss":
            source = _source(node.parents[0])
            if source is not None and _is_layer(source):
                yield (
                    "nll_loss is given the output of a layer. It takes log-probabilities: use cross_entropy on the "
                    "logits"
                )


def broadcast_loss(case: _Case) -> Iterator[str]:
    """(N,) against (N, 1) makes N x N differences."""
    for node in case.near_loss():
        if node.op.name not in LOSSES:  # type: ignore[union-attr]
            continue
        shapes = [p.shape for p in node.parents if p is not None]
        saved = node.saved if isinstance(node.saved, tuple) else ()
        shapes += [a.shape for a in saved if isinstance(a, np.ndarray)]
        whole = np.broadcast_shapes(*shapes, node.shape) if shapes else ()
        n = whole[-1] if whole else 0
        if len(whole) == 2 and whole == (n, n) and n > 1 and any(s in ((n, 1), (n,)) for s in shapes):
            yield (
                f"prediction and target broadcast to {list(whole)}: one has shape [{n}, 1] and the other [{n}], so "
                "that each prediction is compared with every target. squeeze(1) the one or unsqueeze(1) the other"
            )


def graph_kept_alive(case: _Case) -> Iterator[str]:
    """Nodes from before the last optimizer step, or from a graph that backward has used up."""
    if case.freed:
        yield (
            f"the loss depends on {case.freed[0].name()}, whose graph an earlier backward() has released: a hidden "
            "state or a running sum is carried from step to step. detach() it, or sum loss.item()"
        )
        return
    writes = [last_write(p.array) for p in case.trainable().values()]
    newest = max((w.time for w in writes if w is not None and ".step" in w.by), default=0)  # type: ignore[attr-defined]
    old = [n for n in case.nodes if not isinstance(n, Leaf) and n.id < newest]
    if old:
        yield (
            f"{len(old)} recorded operations are older than the last optimizer step (such as {old[0].name()}): the "
            "graph of earlier steps is kept alive and grows. detach() what is carried over, or sum loss.item()"
        )


# --- parameters and the optimizer ----------------------------------------------------------------------------------


def no_gradient(case: _Case) -> Iterator[str]:
    """Parameters that the loss does not depend on."""
    if case.root is None:
        return
    names = [n for n, p in case.trainable().items() if current(p).id not in case.by_id]  # type: ignore[union-attr]
    if names:
        yield (
            f"the loss does not depend on {_names(names)}: they get no gradient. A module that forward does not "
            f"call, or a detach()"
        )


def not_in_optimizer(case: _Case) -> Iterator[str]:
    """Parameters that no step will change."""
    if case.optimizer is None or case.model is None:
        return
    held = {id(p) for p in case.optimized()}
    names = [n for n, p in case.trainable().items() if id(p) not in held]
    if names:
        yield (
            f"the optimizer does not have {_names(names)}: they will never change. Make it after the model is complete"
        )
    known = {id(p) for p in case.parameters.values()}
    strange = [p for p in case.optimized() if id(p) not in known]
    if strange and names:
        yield f"the optimizer has {len(strange)} parameters that are not the model's: it was made for another copy"


def missing_zero_grad(case: _Case) -> Iterator[str]:
    """.grad holds gradients of earlier steps, to which backward will add."""
    stale = []
    for name, fresh in case.gradients.items():
        grad = case.parameters[name].grad
        if (
            grad is not None
            and grad.array.any()
            and not np.allclose(grad.array, fresh, rtol=1e-3, atol=1e-6 * np.abs(fresh).max())
        ):
            stale.append(name)
    if stale:
        yield (
            f"{_names(stale)} still have a gradient that is not this loss's: backward() adds to it. Call "
            "optimizer.zero_grad() in each step (ignore this if you accumulate on purpose)"
        )


# --- the state of the layers ---------------------------------------------------------------------------------------


def dead_relu(case: _Case) -> Iterator[str]:
    """Units that are zero for every example."""
    for node in case.nodes:
        if node.op is None or node.op.name != "relu" or not isinstance(node.saved, tuple) or not node.saved:
            continue
        y = node.saved[-1]
        if y is None or y.ndim < 2 or y.shape[0] < 4:
            continue
        axes = tuple(a for a in range(y.ndim) if a != 1)
        dead = float((y.max(axis=axes) <= 0).mean())
        if dead >= DEAD:
            yield (
                f"{dead:.0%} of the {y.shape[1]} units of a relu (output {list(y.shape)}) are zero for the whole "
                "batch: no gradient passes. Lower the learning rate, look at the initial bias, or use leaky_relu"
            )


def vanishing_or_exploding(case: _Case) -> Iterator[str]:
    """Gradients of the layers that differ by many orders of magnitude."""
    bad = [name for name, g in case.gradients.items() if not np.isfinite(g).all()]
    if bad:
        yield f"the gradients of {_names(bad)} are nan or inf. Run the step inside detect_anomaly() to see the line"
        return
    sizes = {}
    for name, g in case.gradients.items():
        if g.ndim >= 2:
            weight = float(np.sqrt(np.mean(case.parameters[name].array ** 2))) or 1.0
            sizes[name] = float(np.sqrt(np.mean(g.astype(np.float64) ** 2))) / weight
    if len(sizes) < 2 or not max(sizes.values()):
        return
    largest = max(sizes.values())
    small = [name for name, size in sizes.items() if size < VANISHING * largest]
    if small:
        yield (
            f"the gradients of {_names(small)} are less than {VANISHING:g} of the largest layer's: they vanish on "
            "the way. Look at the initial weights, saturated activations, normalisation, or skip connections"
        )
    if largest > EXPLODING:
        name = max(sizes, key=lambda n: sizes[n])
        yield (
            f"the gradient of {name} is {largest:.3g} times its weights: it explodes. Clip it, or scale the initial "
            f"weights down"
        )


def train_and_eval_mixed(case: _Case) -> Iterator[str]:
    """Modules in another mode than the model, and the wrong mode for what is done."""
    if not case.modules:
        return
    moody = [
        (n, m) for n, m in case.modules if any(k in type(m).__name__ for k in ("Dropout", "BatchNorm", "InstanceNorm"))
    ]
    training = bool(case.model.training)
    other = [n or "the model" for n, m in moody if bool(m.training) != training]
    if other:
        yield (
            f"the model is in {_mode(training)} mode and {_names(other)} in {_mode(not training)} mode. Call "
            f"model.{_mode(training)}()"
        )
    elif moody and not training and case.root is not None and case.optimizer is not None:
        yield (
            f"the model is trained in eval mode: {_names(n for n, _ in moody)} do nothing or use running "
            f"statistics. Call model.train()"
        )
    elif moody and training and case.root is None:
        yield (
            f"the loss is computed without gradients while the model is in train mode "
            f"({_names(n for n, _ in moody)}). Call model.eval()"
        )


def _mode(training: bool) -> str:
    return "train" if training else "eval"


RULES: tuple[Callable[[_Case], Iterator[str]], ...] = (
    loss_without_graph,
    loss_not_finite,
    softmax_before_cross_entropy,
    broadcast_loss,
    graph_kept_alive,
    no_gradient,
    not_in_optimizer,
    missing_zero_grad,
    dead_relu,
    vanishing_or_exploding,
    train_and_eval_mixed,
)
