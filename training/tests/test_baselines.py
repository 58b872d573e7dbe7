import json
from pathlib import Path

import numpy as np
import pytest

from sulcus_training.baselines import linear_probe, main, nearest_neighbour, run_splits
from sulcus_training.metrics import Floats, softmax
from sulcus_training.scans import Scan, read_scans
from sulcus_training.splits import split_by_people


def scans_of(labels: list[str], people: int, slices: int = 4) -> list[Scan]:
    return [
        Scan(f"{label}-{person}-{number}.png", label, f"{label}-{person}")
        for label in labels
        for person in range(people)
        for number in range(slices)
    ]


TWO = scans_of(["Mild_Demented", "Non_Demented"], people=10)


def rows_of(scans: list[Scan], spread: float) -> Floats:
    generator = np.random.default_rng(0)
    targets = np.array([scan.target for scan in scans], dtype=float)
    return targets[:, None] * np.array([1.0, -1.0, 0.5]) + generator.normal(0, spread, (len(scans), 3))


def test_nearest_neighbour_takes_the_label_of_the_nearest_slice() -> None:
    train = np.array([[0.0, 0], [10, 0]], dtype=np.float32)

    logits = nearest_neighbour(train, [TWO[0], TWO[-1]], np.array([[1.0, 1], [9, 9]], dtype=np.float32))

    assert logits.argmax(axis=1).tolist() == [TWO[0].target, TWO[-1].target]


def test_linear_probe_learns_what_is_linear_and_ranks_no_label_below_one_it_never_saw() -> None:
    pytest.importorskip("sklearn")
    split = split_by_people(TWO, 0, seed=0)

    tested, logits = run_splits(linear_probe, [split], TWO, rows_of(TWO, spread=0.3))

    assert (logits.argmax(axis=1) == [scan.target for scan in tested]).mean() > 0.9
    unseen = [index for index in range(4) if index not in {scan.target for scan in TWO}]
    assert softmax(logits)[:, unseen].max() < 1e-6


def test_every_slice_is_tested_by_the_fold_that_left_its_person_out() -> None:
    def method(train: Floats, train_scans: list[Scan], test: Floats) -> Floats:
        return np.tile([float(len(train)), len(train_scans), 0, 0], (len(test), 1))

    tested, logits = run_splits(method, [split_by_people(TWO, fold, seed=0) for fold in range(5)], TWO, rows_of(TWO, 1))

    assert sorted(scan.file for scan in tested) == sorted(scan.file for scan in TWO)
    assert (logits[:, :2] == len(TWO) * 4 / 5).all()


def test_nearest_neighbour_has_no_figure_that_needs_scores(data: Path, tmp_path: Path) -> None:
    assert main(["--data", str(data), "--out", str(tmp_path), "--methods", "nearest-neighbour"]) == 0

    for protocol, slices in (("card", 6), ("subject-disjoint", 60)):
        record = json.loads((tmp_path / f"nearest-neighbour-{protocol}" / "run.json").read_text())
        figures = record["set"]["figures"]
        assert record["set"]["n"] == slices == len(read_scans(data)) * (1 if slices == 60 else 0.1)
        assert figures["accuracy"]["value"] is not None
        assert [figures[name]["value"] for name in ("loss", "ece", "brier")] == [None] * 3
