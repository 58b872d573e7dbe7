"""Weights on the straight line between a base and what was fine-tuned from it (Wortsman et al. 2022, Robust fine-tuning
of zero-shot models). Long fine-tuning knows its people by heart and forgets of the base what would tell new ones apart;
part of the way back to the base it has both, as long as the classifier is fitted to the features there."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn, softmax
from torch.nn.functional import cross_entropy, one_hot
from transformers import ViTForImageClassification

from .metrics import Floats, Ints

CLASSIFIER = "classifier."
STEPS = 100
# Largest partial derivative at which a fit has ended.
FLAT = 1e-9
SHORTEST = 1e-6
TRACE = 1e-10


def move_toward_base(model: ViTForImageClassification, base: ViTForImageClassification, share: float) -> None:
    """Every tensor but the classifier's becomes base + share * (model - base), in fp32.

    Raises ValueError for a share outside 0 to 1 and a base of another shape.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"expected a share from 0 (the base) to 1 (the model), received {share}")
    own, start = _backbone(model), _backbone(base)
    differing = sorted(set(own.items()) ^ set(start.items()))
    if differing:
        raise ValueError(f"expected a base of the model's shape, received one that differs in {differing[0][0]}")
    tensors, bases = model.state_dict(), base.state_dict()
    with torch.no_grad():
        for name in own:
            tensors[name].copy_(torch.lerp(bases[name].float(), tensors[name].float(), share))


def _backbone(model: ViTForImageClassification) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in model.state_dict().items() if not name.startswith(CLASSIFIER)}


def fit_classifier(classifier: nn.Linear, features: Floats, targets: Ints, l2: float) -> None:
    """The classifier becomes the one W, b that minimizes mean cross-entropy(W x + b) + l2 * |W - W0|^2 over features x
    [n, hidden], from W0, its own weight before: what the fine-tuning learnt is where it starts and what it is held to.

    Newton's method in fp64. Raises ValueError for an l2 of 0 or less, where there may be no minimum, and RuntimeError
    when the minimum was not reached.
    """
    if not l2 > 0:
        raise ValueError(f"expected an l2 above 0, received {l2}")
    rows = torch.cat([torch.as_tensor(features, dtype=torch.float64), torch.ones(len(features), 1).double()], dim=1)
    start = torch.cat([classifier.weight, classifier.bias[:, None]], dim=1).detach().cpu().double()
    penalty = torch.full_like(start, l2)
    penalty[:, -1] = 0
    problem = _Problem(rows, one_hot(torch.as_tensor(targets), len(start)).double(), start, penalty)
    fitted = _descend(problem)
    with torch.no_grad():
        classifier.weight.copy_(fitted[:, :-1])
        classifier.bias.copy_(fitted[:, -1])


@dataclass(frozen=True)
class _Problem:
    """Rows [n, inputs] whose last column is 1, targets [n, labels] of 0 and 1, weights [labels, inputs]."""

    rows: Tensor
    targets: Tensor
    start: Tensor
    penalty: Tensor

    def loss(self, weights: Tensor) -> Tensor:
        fit = cross_entropy(self.rows @ weights.T, self.targets)
        return fit + (self.penalty * (weights - self.start) ** 2).sum()

    def slope(self, weights: Tensor) -> Tensor:
        probabilities = softmax(self.rows @ weights.T, dim=1)
        fit = (probabilities - self.targets).T @ self.rows / len(self.rows)
        return fit + 2 * self.penalty * (weights - self.start)

    def curvature(self, weights: Tensor) -> Tensor:
        """[labels * inputs, labels * inputs], the second derivatives."""
        probabilities = softmax(self.rows @ weights.T, dim=1)
        labels, inputs = weights.shape
        blocks = torch.empty(labels, inputs, labels, inputs, dtype=torch.float64)
        for i in range(labels):
            for j in range(labels):
                share = probabilities[:, i] * (float(i == j) - probabilities[:, j]) / len(self.rows)
                blocks[i, :, j, :] = (self.rows * share[:, None]).T @ self.rows
        # The same added to every bias changes no probability: without a trace of a penalty nothing says how much.
        diagonal = 2 * self.penalty.flatten() + TRACE
        return blocks.reshape(labels * inputs, labels * inputs) + torch.diag(diagonal)


def _descend(problem: _Problem) -> Tensor:
    """Newton's steps from the start, each halved until it lowers the loss."""
    weights = problem.start.clone()
    for _ in range(STEPS):
        slope = problem.slope(weights)
        if float(slope.abs().max()) <= FLAT:
            return weights
        step = torch.linalg.solve(problem.curvature(weights), slope.flatten()).reshape(weights.shape)
        loss, length = problem.loss(weights), 1.0
        while problem.loss(weights - length * step) > loss and length > SHORTEST:
            length /= 2
        weights = weights - length * step
    raise RuntimeError(f"expected a slope of 0 after {STEPS} steps, received {slope.abs().max():.0e}")
