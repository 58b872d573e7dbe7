import numpy as np
import pytest

from sulcus_training.bootstrap import bootstrap
from sulcus_training.labels import LABELS, NO_DEMENTIA
from sulcus_training.metrics import (
    Predictions,
    area_under_curve,
    brier_score,
    calibration_error,
    coverage_curve,
    cross_entropy,
    figures,
    per_class,
    person_scores,
    softmax,
)


def random_predictions(people: int = 12, slices: int = 5) -> Predictions:
    generator = np.random.default_rng(0)
    targets = np.repeat(generator.integers(0, len(LABELS), people), slices)
    logits = generator.normal(size=(people * slices, len(LABELS))) + 1.5 * np.eye(len(LABELS))[targets]
    return Predictions(logits, targets, np.repeat([f"p{person}" for person in range(people)], slices))


def test_figures_are_those_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    predictions = random_predictions()
    probabilities, targets = softmax(predictions.logits), predictions.targets

    received = figures(predictions)

    top = probabilities.argmax(axis=1)
    assert received["accuracy"] == pytest.approx(sklearn.accuracy_score(targets, top))
    assert received["loss"] == pytest.approx(sklearn.log_loss(targets, probabilities, labels=range(4)))
    assert received["macroF1"] == pytest.approx(sklearn.f1_score(targets, top, average="macro"))
    scores, positive = person_scores(predictions)
    assert received["personAuc"] == pytest.approx(sklearn.roc_auc_score(positive, scores))


def test_loss_of_large_logits_is_finite() -> None:
    logits = np.array([[1000.0, 0, 0, 0]])

    assert cross_entropy(logits, np.array([1])) == pytest.approx(1000)


def test_calibration_error_is_the_gap_between_score_and_accuracy() -> None:
    # Ten slices at 0.7, five of them right: one bin, a gap of 0.2.
    probabilities = np.tile([0.7, 0.1, 0.1, 0.1], (10, 1))
    targets = np.array([0] * 5 + [1] * 5)

    assert calibration_error(probabilities, targets) == pytest.approx(0.2)


def test_brier_score_goes_from_0_to_2() -> None:
    certain = np.eye(4)[[0]]

    assert brier_score(certain, np.array([0])) == 0
    assert brier_score(certain, np.array([1])) == 2


def test_coverage_keeps_the_most_certain_slices() -> None:
    # Five slices, ever less certain of label 0; the last two are wrong.
    logits = np.array([[5.0, 0, 0, 0], [4, 0, 0, 0], [3, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0]])
    predictions = Predictions(logits, np.array([0, 0, 0, 1, 1]), np.array(list("abcde")))

    accuracy = {point["coverage"]: point["accuracy"] for point in coverage_curve(predictions)}

    assert accuracy == {1.0: 0.6, 0.8: 0.75, 0.6: 1, 0.4: 1, 0.2: 1}


def test_auc_counts_ties_half_and_needs_both_kinds() -> None:
    scores = np.array([0.5, 0.5, 0.9])

    assert area_under_curve(scores, np.array([True, False, True])) == 0.75
    assert np.isnan(area_under_curve(scores, np.array([True, True, True])))


def test_person_score_is_the_mean_chance_of_any_dementia_label() -> None:
    logits = np.zeros((3, 4))
    logits[2, NO_DEMENTIA] = 30
    predictions = Predictions(logits, np.array([0, 0, NO_DEMENTIA]), np.array(["b", "b", "a"]))

    scores, positive = person_scores(predictions)

    assert scores == pytest.approx([0, 0.75], abs=1e-9)
    assert positive.tolist() == [False, True]


def test_per_class_counts_slices_and_people() -> None:
    predictions = random_predictions()

    rows = per_class(predictions)

    assert sum(row["n"] for row in rows) == len(predictions)
    assert sum(row["people"] for row in rows) == 12


def test_interval_holds_the_figure_and_is_wider_over_people_than_over_slices() -> None:
    predictions = random_predictions()
    slices_apart = Predictions(predictions.logits, predictions.targets, np.arange(60).astype(str))
    # Slices of a person are alike here: the same logits five times.
    copies = Predictions(np.repeat(predictions.logits[::5], 5, axis=0), predictions.targets, predictions.subjects)

    by_person = bootstrap(copies, resamples=200)["accuracy"]
    by_slice = bootstrap(Predictions(copies.logits, copies.targets, slices_apart.subjects), resamples=200)["accuracy"]

    assert by_person["low"] <= by_person["value"] <= by_person["high"]
    assert by_person["high"] - by_person["low"] > by_slice["high"] - by_slice["low"]
    assert bootstrap(copies, resamples=200)["accuracy"] == by_person


def test_figure_that_is_undefined_is_none() -> None:
    one_kind = Predictions(np.zeros((4, 4)), np.zeros(4, dtype=np.int64), np.array(["a", "a", "b", "b"]))

    assert bootstrap(one_kind, resamples=20)["personAuc"] == {"value": None, "low": None, "high": None}
