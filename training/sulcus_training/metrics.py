"""Figures of a set of logits, by slice and by person. Everything is computed here once, for all commands."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .labels import LABELS, NO_DEMENTIA

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 15
COVERAGES = (1.0, 0.8, 0.6, 0.4, 0.2)


@dataclass(frozen=True)
class Predictions:
    """Logits [n, labels] of n slices, the label of each and the person it shows."""

    logits: Floats
    targets: Ints
    subjects: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Ints) -> "Predictions":
        return Predictions(self.logits[rows], self.targets[rows], self.subjects[rows])


def softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def cross_entropy(logits: Floats, targets: Ints) -> float:
    """Mean over the slices, of the plain logits: the Trainer's validation loss."""
    highest = logits.max(axis=1)
    normalizer = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return float(np.mean(normalizer - logits[np.arange(len(targets)), targets]))


def confusion(predicted: Ints, targets: Ints) -> Ints:
    """[label, predicted label] counts."""
    size = len(LABELS)
    return np.bincount(targets * size + predicted, minlength=size * size).reshape(size, size)


def f1_scores(counts: Ints) -> Floats:
    """F1 of each label; NaN where the label neither occurs nor is predicted."""
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return np.divide(2 * np.diag(counts), total, out=np.full(len(counts), np.nan), where=total > 0)


def calibration_error(probabilities: Floats, targets: Ints) -> float:
    """Expected calibration error of the top label: 15 bins of equal width over the score."""
    score, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    bins = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    gap = np.bincount(bins, score, BINS) - np.bincount(bins, (predicted == targets).astype(float), BINS)
    return float(np.abs(gap[count > 0]).sum() / len(targets))


def brier_score(probabilities: Floats, targets: Ints) -> float:
    """Mean squared distance to the one-hot label, summed over the labels: 0 to 2."""
    return float(np.mean(((probabilities - np.eye(len(LABELS))[targets]) ** 2).sum(axis=1)))


def person_scores(predictions: Predictions) -> tuple[Floats, NDArray[np.bool_]]:
    """For each person the mean over the slices of the probability of any dementia label, and whether they have one."""
    probability = 1 - softmax(predictions.logits)[:, NO_DEMENTIA]
    _, first, person = np.unique(predictions.subjects, return_index=True, return_inverse=True)
    scores = np.bincount(person, probability) / np.bincount(person)
    return scores, predictions.targets[first] != NO_DEMENTIA


def area_under_curve(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that someone with is scored above someone without, ties half; NaN without both."""
    higher, lower = scores[positive], scores[~positive]
    if len(higher) == 0 or len(lower) == 0:
        return float("nan")
    difference = higher[:, None] - lower[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def coverage_curve(predictions: Predictions) -> list[dict[str, float]]:
    """Accuracy on the most certain slices alone, by the score of the top label: what abstaining on the others buys."""
    probabilities = softmax(predictions.logits)
    right = probabilities.argmax(axis=1) == predictions.targets
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    counts = {share: max(1, round(share * len(predictions))) for share in COVERAGES}
    return [{"coverage": share, "accuracy": float(right[order[:count]].mean())} for share, count in counts.items()]


def figures(predictions: Predictions) -> dict[str, float]:
    """The figures that get an interval in a run's JSON."""
    probabilities, targets = softmax(predictions.logits), predictions.targets
    predicted = probabilities.argmax(axis=1)
    counts = confusion(predicted, targets)
    f1, occurs = f1_scores(counts), counts.sum(axis=1) > 0
    return {
        "accuracy": float(np.mean(predicted == targets)),
        "loss": cross_entropy(predictions.logits, targets),
        "macroF1": float(np.mean(f1[occurs])),
        "ece": calibration_error(probabilities, targets),
        "brier": brier_score(probabilities, targets),
        "personAuc": area_under_curve(*person_scores(predictions)),
    }


def per_class(predictions: Predictions) -> list[dict[str, Any]]:
    """For each label: slices and people that have it, precision, recall and F1 (None where undefined)."""
    counts = confusion(predictions.logits.argmax(axis=1), predictions.targets)
    f1 = f1_scores(counts)
    rows = []
    for index, label in enumerate(LABELS):
        of_label = predictions.subjects[predictions.targets == index]
        rows.append(
            {
                "label": label,
                "n": len(of_label),
                "people": len(np.unique(of_label)),
                "precision": _ratio(counts[index, index], counts[:, index].sum()),
                "recall": _ratio(counts[index, index], counts[index].sum()),
                "f1": None if np.isnan(f1[index]) else float(f1[index]),
            }
        )
    return rows


def _ratio(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole > 0 else None
