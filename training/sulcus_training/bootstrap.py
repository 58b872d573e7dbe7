"""Intervals by resampling people: slices of one person are near copies, so slices are no independent draws."""

import numpy as np

from .metrics import Predictions, figures

RESAMPLES = 1000


def bootstrap(
    predictions: Predictions, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, dict[str, float | None]]:
    """Each figure with the 2.5 % and 97.5 % percentiles over resamples of the people, with replacement.

    A figure that is undefined (AUC with one kind of people only) is None; so are its resamples left out.
    """
    generator = np.random.default_rng(seed)
    _, person = np.unique(predictions.subjects, return_inverse=True)
    rows = [np.flatnonzero(person == index) for index in range(person.max() + 1)]
    samples = []
    for _ in range(resamples):
        drawn = generator.integers(0, len(rows), len(rows))
        # A person drawn twice is two people: otherwise the person-level AUC would count them once.
        subjects = np.repeat([f"{place}" for place in range(len(drawn))], [len(rows[index]) for index in drawn])
        sample = predictions.take(np.concatenate([rows[index] for index in drawn]))
        samples.append(figures(Predictions(sample.logits, sample.targets, subjects)))
    return {
        name: _interval(value, [sample[name] for sample in samples]) for name, value in figures(predictions).items()
    }


def _interval(value: float, samples: list[float]) -> dict[str, float | None]:
    defined = [sample for sample in samples if not np.isnan(sample)]
    if np.isnan(value) or not defined:
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(defined, [2.5, 97.5])
    return {"value": value, "low": float(low), "high": float(high)}
