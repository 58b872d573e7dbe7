"""Training the upper layers on what the frozen ones made of the slices."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import set_seed

from sulcus_training import frozen_layers, train
from sulcus_training.augmentation import Augmentation
from sulcus_training.bases import Base, open_base
from sulcus_training.fine_tune import Outcome, Plan, fine_tune
from sulcus_training.frozen_layers import CopiesPlan, FrozenSlices, UpperLayers, open_copies
from sulcus_training.predict import predict_logits
from sulcus_training.processor import create_processor
from sulcus_training.recipes import RECIPES
from sulcus_training.run_record import read_run
from sulcus_training.scans import read_scans
from sulcus_training.splits import split_by_people
from sulcus_training.train import TINY

CPU = torch.device("cpu")
SHAPE = {**TINY, "num_hidden_layers": 3}
RECIPE = replace(RECIPES["dinov2-small"], epochs=3, learning_rate=1e-3, average=0.9, frozen_layers=1, copies=2)


def open_tiny(seed: int = 0) -> Base:
    set_seed(seed)
    return open_base("random", None, SHAPE)


def plan_copies(data: Path, **changed: object) -> CopiesPlan:
    augmentation = Augmentation(rotation=10, shift=0.1)
    plan = CopiesPlan(data, read_scans(data), create_processor(32), augmentation, first=1, count=2, seed=0)
    return replace(plan, **changed)  # type: ignore[arg-type]


def test_the_upper_layers_give_the_logits_of_the_network_on_plain_slices(data: Path, tmp_path: Path) -> None:
    network, plan = open_tiny().model, plan_copies(data)
    copies = open_copies(network, plan, tmp_path, CPU)
    slices = FrozenSlices(copies, plan.scans)

    states = torch.stack([slices[index]["hidden_states"] for index in range(len(slices))])
    with torch.inference_mode():
        received = UpperLayers(network, 1).eval()(states).logits.numpy()

    expected = predict_logits(network, plan.processor, data, plan.scans, CPU)
    # What is kept is fp16, out of bf16 where the processor has that.
    assert received == pytest.approx(expected, abs=1e-3)
    assert np.abs(expected - expected.mean(axis=0)).max() > 0.02


def test_copies_differ_by_their_augmentation_and_are_drawn_by_epoch(data: Path, tmp_path: Path) -> None:
    plan = plan_copies(data)
    copies = open_copies(open_tiny().model, plan, tmp_path, CPU)
    slices = FrozenSlices(copies, plan.scans, trains=True)

    assert len(copies.hidden) == 3
    assert not np.array_equal(copies.hidden[1], copies.hidden[2])
    drawn = set()
    for epoch in range(20):
        slices.set_epoch(epoch)
        first, again = slices[0]["hidden_states"].numpy(), slices[0]["hidden_states"].numpy()
        assert np.array_equal(first, again)
        drawn.add(next(n for n, copy in enumerate(copies.hidden) if np.array_equal(copy[0].astype(np.float32), first)))
    assert drawn == {1, 2}


def test_patches_are_taken_away_while_training_alone(data: Path, tmp_path: Path) -> None:
    plan = plan_copies(data, count=0)
    copies = open_copies(open_tiny().model, plan, tmp_path, CPU)
    kept, whole = FrozenSlices(copies, plan.scans, trains=True), FrozenSlices(copies, plan.scans)
    kept.keep = whole.keep = 0.25

    for index in range(len(plan.scans)):
        tokens, every = (slices[index]["hidden_states"].numpy() for slices in (kept, whole))
        places = [next(n for n, token in enumerate(every) if np.array_equal(token, one)) for one in tokens]
        shown = {1 + int(place) for place in np.flatnonzero(copies.foreground[0][index])}
        assert (len(tokens), len(every), places[0]) == (5, 17, 0)
        assert places == sorted(places)
        assert set(places[1:]) <= shown or set(places[1:]) > shown


def test_hidden_states_that_cannot_be_kept_are_refused(data: Path, tmp_path: Path) -> None:
    network, plan = open_tiny().model, plan_copies(data)
    with torch.no_grad():
        network.vit.embeddings.cls_token.fill_(1e6)

    with pytest.raises(ValueError, match="expected hidden states within fp16's range"):
        open_copies(network, plan, tmp_path, CPU)
    with pytest.raises(ValueError, match="expected hidden states within fp16's range"):
        open_copies(network, plan, tmp_path, CPU)


def test_copies_are_computed_once_and_never_taken_for_others(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, plan = open_tiny().model, plan_copies(data)
    computed: list[int] = []
    compute = frozen_layers._compute
    monkeypatch.setattr(frozen_layers, "_compute", lambda *given: (computed.append(given[3]), compute(*given)))

    open_copies(network, plan, tmp_path, CPU)
    open_copies(network, replace(plan, count=3), tmp_path, CPU)
    assert computed == [0, 1, 2, 3]

    others = [replace(plan, seed=1), replace(plan, first=2), replace(plan, scans=plan.scans[1:])]
    for other in [*others, replace(plan, augmentation=Augmentation(gamma=0.1))]:
        computed.clear()
        open_copies(network, other, tmp_path, CPU)
        assert computed == [0, 1, 2]
    computed.clear()
    open_copies(open_tiny(seed=1).model, plan, tmp_path, CPU)
    assert computed == [0, 1, 2]


def run(data: Path, out: Path, base: Base, budget: float | None = None) -> Outcome:
    split = split_by_people(read_scans(data), 0, seed=0)
    return fine_tune(Plan(data, split, RECIPE, base, create_processor(32), out, CPU, budget=budget))


def test_frozen_layers_stay_and_the_others_move(data: Path, tmp_path: Path) -> None:
    base, before = open_tiny(), open_tiny().model.state_dict()

    outcome = run(data, tmp_path / "run", base)

    moved = {name for name, tensor in base.model.state_dict().items() if not torch.equal(tensor, before[name])}
    frozen = ("vit.embeddings.", "vit.layers.0.")
    assert moved == {name for name in before if not name.startswith(frozen)}
    assert outcome.logits is not None
    split = split_by_people(read_scans(data), 0, seed=0)
    assert np.array_equal(outcome.logits, predict_logits(base.model, create_processor(32), data, split.test, CPU))


def test_an_interruption_changes_nothing(data: Path, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    expected = run(data, whole, open_tiny())

    assert not run(data, parted, open_tiny(), budget=0).finished
    resumed = run(data, parted, open_tiny())

    assert resumed.logits is not None
    assert np.array_equal(resumed.logits, expected.logits)
    left, right = (load_file(folder / "checkpoint-9" / "average.safetensors") for folder in (whole, parted))
    assert all(torch.equal(right[key], tensor) for key, tensor in left.items())


def test_folds_side_by_side_read_the_same_copies(data: Path, tmp_path: Path) -> None:
    given = ["--data", str(data), "--base", "random", "--tiny", "--epochs", "1", "--device", "cpu", "--half"]
    given += ["--recipe", "dinov2-small", "--frozen-layers", "1", "--copies", "2"]
    for fold in ("0", "1"):
        out = ["--out", str(tmp_path / fold)]
        assert train.main([*given, "--protocol", "subject-folds", "--fold", fold, *out]) == 0
    assert train.main([*given, "--protocol", "all", "--out", str(tmp_path / "all")]) == 0

    assert len(list((tmp_path / "frozen-layers").iterdir())) == 1
    assert read_run(tmp_path / "1")["recipe"]["frozen_layers"] == 1


def test_all_or_no_layers_cannot_be_frozen_so(data: Path) -> None:
    for first in (0, 3):
        with pytest.raises(ValueError, match=f"expected from 1 to 2 frozen layers of 3, received {first}"):
            UpperLayers(open_tiny().model, first)
