"""Whole runs of a tiny model on generated slices."""

import json
import os
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import ViTForImageClassification, set_seed

from sulcus_training import train_all, trainer
from sulcus_training.bases import open_base
from sulcus_training.fine_tune import Outcome, Plan, fine_tune
from sulcus_training.logits_file import read_logits
from sulcus_training.metrics import figures
from sulcus_training.pool import check_folds, pool
from sulcus_training.predict import predict_logits
from sulcus_training.processor import create_processor, read_processor
from sulcus_training.recipes import RECIPES
from sulcus_training.run_record import epoch_table, read_run
from sulcus_training.scans import read_scans
from sulcus_training.splits import Split, keep_people_back, split_by_people
from sulcus_training.train import TINY, main

RECIPE = replace(RECIPES["dinov2-small"], epochs=3, learning_rate=1e-3, average=0.9)


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    """A run without interruption, and its folder."""
    folder = tmp_path_factory.mktemp("whole")
    return run(data, folder), folder


def run(data: Path, out: Path, budget: float | None = None, seed: int = 0, split: Split | None = None) -> Outcome:
    scans = read_scans(data)
    set_seed(seed)
    return fine_tune(
        Plan(
            data=data,
            split=split or split_by_people(scans, 0, seed=0),
            recipe=RECIPE if split is None else replace(RECIPE, stop_people=0.3, patience=1),
            base=open_base("random", None, TINY),
            processor=create_processor(32),
            out=out,
            device=torch.device("cpu"),
            seed=seed,
            budget=budget,
        )
    )


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is over after that many steps: by a clock that is read at the start, after every step and every epoch."""
    ticks = iter([0.0] * (step + (step - 1) // 3) + [1.0] * 100)
    monkeypatch.setattr(trainer, "monotonic", lambda: next(ticks))


# Nine steps of three epochs: in the second one, and at the end of the first.
@pytest.mark.parametrize("step", [5, 3])
def test_an_interruption_changes_nothing(
    data: Path, tmp_path: Path, whole: tuple[Outcome, Path], step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, folder = whole

    stop_at(step, monkeypatch)
    interrupted = run(data, tmp_path, budget=0.5)
    resumed = run(data, tmp_path)

    assert not interrupted.finished
    assert interrupted.history[-1]["step"] == step
    assert resumed.logits is not None
    assert np.array_equal(resumed.logits, expected.logits)
    for received, row in zip(epoch_table(resumed.history), epoch_table(expected.history), strict=True):
        assert received == pytest.approx(row, abs=1e-4)
    for name in ("model.safetensors", "average.safetensors"):
        left, right = (load_file(place / "checkpoint-9" / name) for place in (folder, tmp_path))
        assert all(torch.equal(right[key], tensor) for key, tensor in left.items())


def test_a_run_follows_from_its_seed(data: Path, tmp_path: Path, whole: tuple[Outcome, Path]) -> None:
    again, other = run(data, tmp_path / "again"), run(data, tmp_path / "other", seed=1)

    assert np.array_equal(again.logits, whole[0].logits)
    assert not np.array_equal(other.logits, whole[0].logits)


def test_people_kept_back_stop_a_run(data: Path, tmp_path: Path) -> None:
    split = keep_people_back(split_by_people(read_scans(data), 0, seed=0), share=0.3, seed=0)

    outcome = run(data, tmp_path, split=split)

    assert outcome.finished
    assert outcome.logits is not None
    assert len(outcome.logits) == len(split.test)


def command(data: Path, out: Path, *more: str) -> list[str]:
    given = ["--data", str(data), "--out", str(out), "--base", "random", "--tiny", "--epochs", "2", "--device", "cpu"]
    return [*given, *more]


def test_folds_pool_into_one_run_whose_figures_are_those_of_their_logits(data: Path, tmp_path: Path) -> None:
    folders = [tmp_path / f"fold-{fold}" for fold in range(2)]
    for fold, folder in enumerate(folders):
        assert main(command(data, folder, "--protocol", "subject-folds", "--fold", str(fold))) == 0

    record = pool(folders, tmp_path / "folds")

    _, predictions = read_logits([tmp_path / "folds" / "logits.csv"])
    received = {name: figure["value"] for name, figure in record["set"]["figures"].items()}
    assert received == pytest.approx(figures(predictions))
    assert record["set"]["people"] == sum(read_run(folder)["set"]["people"] for folder in folders) == 8
    assert [len(fold["epochs"]) for fold in record["folds"]] == [2, 2]


def test_the_kept_model_gives_the_logits_of_its_run(data: Path, tmp_path: Path) -> None:
    main(command(data, tmp_path, "--protocol", "card", "--half"))

    model = ViTForImageClassification.from_pretrained(tmp_path / "model", dtype=torch.float32)
    scans, predictions = read_logits([tmp_path / "logits.csv"])
    logits = predict_logits(model, read_processor(tmp_path / "model", 32), data, scans, torch.device("cpu"))
    assert logits == pytest.approx(predictions.logits, abs=1e-5)
    assert load_file(tmp_path / "model" / "model.safetensors")["classifier.weight"].dtype == torch.float16


def test_a_run_that_ended_is_not_run_again(data: Path, tmp_path: Path) -> None:
    main(command(data, tmp_path, "--protocol", "card"))
    before = (tmp_path / "run.json").read_bytes()

    assert main(command(data, tmp_path, "--protocol", "card", "--seed", "1")) == 0

    assert (tmp_path / "run.json").read_bytes() == before


def test_a_base_that_knows_the_labels_is_refused_unless_allowed_and_then_marked(data: Path, tmp_path: Path) -> None:
    main(command(data, tmp_path / "first", "--protocol", "all"))
    again = ["--data", str(data), "--out", str(tmp_path / "second"), "--base", str(tmp_path / "first" / "model")]
    again += ["--epochs", "1", "--device", "cpu", "--protocol", "card"]

    with pytest.raises(SystemExit, match="expected a base that was trained on none of the scans"):
        main(again)
    assert main([*again, "--trained-base"]) == 0

    assert read_run(tmp_path / "second")["base"]["knowsLabels"] is True


def test_a_run_goes_on_from_the_weights_of_one_that_held_out_the_same_scans(data: Path, tmp_path: Path) -> None:
    first = ["--protocol", "subject-folds", "--fold", "0"]
    main(command(data, tmp_path / "first", *first))

    # At a rate of 0 nothing is learnt: what comes out are the first run's weights.
    still = ["--learning-rate", "0", "--after", str(tmp_path / "first")]
    assert main(command(data, tmp_path / "second", *first, *still)) == 0

    _, before = read_logits([tmp_path / "first" / "logits.csv"])
    _, after = read_logits([tmp_path / "second" / "logits.csv"])
    assert after.logits == pytest.approx(before.logits, abs=1e-6)
    second = read_run(tmp_path / "second")
    assert second["after"]["seconds"] == read_run(tmp_path / "first")["seconds"]
    assert second["base"] == read_run(tmp_path / "first")["base"]
    for other in (
        ["--protocol", "subject-folds", "--fold", "1"],
        ["--protocol", "card"],
        [*first, "--split-seed", "1"],
    ):
        with pytest.raises(ValueError, match=r"expected an earlier run with the (fold|protocol|splitSeed)"):
            main(command(data, tmp_path / "third", *other, "--after", str(tmp_path / "first")))


def test_the_last_epoch_is_validated_whatever_the_interval(data: Path, tmp_path: Path) -> None:
    given = command(data, tmp_path, "--protocol", "card", "--evaluate-every", "2", "--epochs", "3")

    assert main(given) == 0

    validated = [row["validationLoss"] is not None for row in read_run(tmp_path)["epochs"]]
    assert validated == [False, True, True]


def fold_record(test: list[str], train: list[str]) -> dict[str, object]:
    split = {"train": {"people": train}, "stop": {"people": []}, "test": {"people": test}}
    base = {"knowsLabels": False}
    return {"id": "x", "split": split, "base": base, "recipe": {}, "splitSeed": 0, "data": {}}


def test_folds_with_somebody_on_both_sides_are_refused() -> None:
    check_folds([fold_record(["a"], ["b"]), fold_record(["b"], ["a"])])

    with pytest.raises(ValueError, match="expected nobody on both sides"):
        check_folds([fold_record(["a"], ["a", "b"])])
    with pytest.raises(ValueError, match="expected everyone in one fold"):
        check_folds([fold_record(["a"], ["b"]), fold_record(["a"], ["b"])])
    with pytest.raises(ValueError, match="expected folds of one splitSeed"):
        check_folds([fold_record(["a"], ["b"]), fold_record(["b"], ["a"]) | {"splitSeed": 1}])
    with pytest.raises(ValueError, match="expected a base that knows none"):
        check_folds([fold_record(["a"], ["b"]) | {"base": {"knowsLabels": True}}])


def test_an_epoch_in_parts_is_averaged_by_steps() -> None:
    history = [
        {"loss": 1.0, "epoch": 0.25, "step": 1},
        {"loss": 2.0, "epoch": 1.0, "step": 4},
        {"eval_loss": 3.0, "eval_accuracy": 0.5, "epoch": 1.0, "step": 4},
    ]

    row = {"trainingLoss": 1.75, "epoch": 1, "step": 4, "validationLoss": 3.0, "accuracy": 0.5}
    assert epoch_table(history) == [row]


def test_train_all_runs_every_step_and_goes_on_after_its_time_is_over(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_process(line: list[str], env: dict[str, str], check: bool) -> Namespace:
        assert not check
        threads.append(env.get("OMP_NUM_THREADS"))
        # Accelerate keeps one state a process.
        with one_at_a_time:
            return Namespace(returncode=main(line[3:]))

    threads: list[str | None] = []
    one_at_a_time = Lock()
    monkeypatch.setattr(train_all.subprocess, "run", in_process)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    given = command(data, tmp_path)

    assert train_all.main([*given, "--minutes", "0"]) == train_all.UNFINISHED
    assert train_all.main([*given, "--at-once", "2"]) == 0

    ended = sorted(path.parent.name for path in tmp_path.glob("*/run.json"))
    assert ended == ["card", "final", "fold-0", "fold-1", "fold-2", "fold-3", "fold-4", "folds"]
    assert json.loads((tmp_path / "folds" / "run.json").read_text())["set"]["people"] == 20
    assert read_run(tmp_path / "final")["set"] is None
    assert threads == [str(max(1, (os.cpu_count() or 1) // 2))] * 7
