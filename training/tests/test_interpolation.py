"""Weights between a base and what was fine-tuned from it."""

import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import ViTConfig, ViTForImageClassification

from sulcus_training import interpolate, train, train_all
from sulcus_training.bases import UNTRAINED_FILE
from sulcus_training.interpolation import fit_classifier, move_toward_base
from sulcus_training.labels import ID2LABEL, LABEL2ID
from sulcus_training.logits_file import read_logits
from sulcus_training.metrics import Floats, Ints
from sulcus_training.pool import pool
from sulcus_training.predict import predict_logits
from sulcus_training.processor import read_processor
from sulcus_training.run_record import read_run
from sulcus_training.scans import read_scans
from sulcus_training.train import TINY


def tiny_model(seed: int, **shape: int) -> ViTForImageClassification:
    torch.manual_seed(seed)
    labels = {"id2label": dict(ID2LABEL), "label2id": dict(LABEL2ID)}
    return ViTForImageClassification(ViTConfig(**(TINY | shape), **labels))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_tensor_but_the_classifiers_moves_its_share_of_the_way(share: float) -> None:
    model, base = tiny_model(0), tiny_model(1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    move_toward_base(model, base, share)

    for name, tensor in model.state_dict().items():
        start, end = base.state_dict()[name], before[name]
        expected = end if name.startswith("classifier") else start + share * (end - start)
        assert torch.allclose(tensor, expected, atol=1e-6), name


def test_a_base_of_another_shape_and_a_share_outside_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a base of the model's shape, received one that differs in vit"):
        move_toward_base(tiny_model(0), tiny_model(1, intermediate_size=48), 0.5)
    with pytest.raises(ValueError, match=r"expected a share from 0 .* received 1\.5"):
        move_toward_base(tiny_model(0), tiny_model(1), 1.5)


def separable(seed: int = 0) -> tuple[Floats, Ints]:
    """Where a fit without a penalty has no minimum."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, 4, 200)
    return np.eye(4)[targets] @ random.normal(size=(4, 8)) * 5 + random.normal(size=(200, 8)) * 0.1, targets


def test_the_classifier_is_at_the_minimum() -> None:
    features, targets = separable()
    torch.manual_seed(0)
    classifier = nn.Linear(8, 4)
    start = classifier.weight.detach().clone().double()

    fit_classifier(classifier, features, targets, l2=1e-3)

    fitted = classifier.double()
    logits = fitted(torch.as_tensor(features))
    loss = cross_entropy(logits, torch.as_tensor(targets)) + 1e-3 * ((fitted.weight - start) ** 2).sum()
    loss.backward()
    for parameter in fitted.parameters():
        assert parameter.grad is not None
        assert float(parameter.grad.abs().max()) < 1e-6
    assert (logits.argmax(dim=1).numpy() == targets).all()


def test_a_strong_penalty_holds_the_weight_where_it_was() -> None:
    features, targets = separable()
    classifier = nn.Linear(8, 4)
    start = classifier.weight.detach().clone()

    fit_classifier(classifier, features, targets, l2=1e6)

    assert torch.allclose(classifier.weight, start, atol=1e-5)
    with pytest.raises(ValueError, match="expected an l2 above 0, received 0"):
        fit_classifier(classifier, features, targets, l2=0)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base that no scan has reached, as `convert_base` marks one."""
    folder = tmp_path_factory.mktemp("bases") / "base"
    tiny_model(7).save_pretrained(folder)
    (folder / UNTRAINED_FILE).write_text("{}\n")
    return folder


@pytest.fixture(scope="module")
def folds(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("folds")
    for fold in range(2):
        given = ["--data", str(data), "--base", str(base), "--epochs", "2", "--learning-rate", "3e-3"]
        given += ["--protocol", "subject-folds", "--fold", str(fold), "--device", "cpu"]
        assert train.main([*given, "--out", str(out / f"fold-{fold}")]) == 0
    return [out / f"fold-{fold}" for fold in range(2)]


def run(data: Path, base: Path, out: Path, *more: str) -> int:
    return interpolate.main(["--data", str(data), "--base", str(base), "--device", "cpu", "--out", str(out), *more])


def test_all_of_the_way_from_the_base_is_the_run_itself(
    data: Path, base: Path, folds: list[Path], tmp_path: Path
) -> None:
    held = np.array(read_logits([folds[0] / "logits.csv"])[1].logits)

    assert run(data, base, tmp_path, "--run", str(folds[0]), "--share", "1", "--l2", "1e6") == 0

    _, received = read_logits([tmp_path / "logits.csv"])
    # But for the bias, which nothing holds.
    offset = (received.logits - held).mean(axis=0)
    assert received.logits - offset == pytest.approx(held, abs=1e-4)


def test_interpolated_folds_are_runs_like_others(data: Path, base: Path, folds: list[Path], tmp_path: Path) -> None:
    outs = [tmp_path / folder.name for folder in folds]
    for folder, out in zip(folds, outs, strict=True):
        assert run(data, base, out, "--run", str(folder), "--share", "0.5", "--half") == 0
        assert run(data, base, out, "--run", str(folder), "--share", "0.1") == 0

    model = ViTForImageClassification.from_pretrained(outs[0] / "model", dtype=torch.float32)
    scans, predictions = read_logits([outs[0] / "logits.csv"])
    logits = predict_logits(model, read_processor(outs[0] / "model", 32), data, scans, torch.device("cpu"))
    assert logits == pytest.approx(predictions.logits, abs=1e-5)
    first = read_run(outs[0])
    assert first["split"] == read_run(folds[0])["split"]
    assert (first["recipe"]["share"], first["after"]["id"]) == (0.5, "seed-subject-folds-0")
    with pytest.raises(ValueError, match="expected a run of train for --run, received one of interpolate"):
        run(data, base, tmp_path / "again", "--run", str(outs[0]))
    record = pool(outs, tmp_path / "folds")
    assert record["id"] == "seed-interpolated-folds"
    assert record["set"]["people"] == 8
    assert record["recipesBefore"] == [read_run(folds[0])["recipe"]]


def test_a_checkpoint_is_fitted_on_the_slices_it_was_trained_on(
    data: Path, base: Path, folds: list[Path], tmp_path: Path
) -> None:
    split = tmp_path / "split.csv"
    rows = [f"{scan.file},{'train' if scan.subject.endswith('0') else 'other'}" for scan in read_scans(data)]
    split.write_text("\n".join(["file,use", *rows]))
    model = ["--model", str(folds[0] / "model")]

    assert run(data, base, tmp_path / "some", *model, "--split", str(split)) == 0
    assert run(data, base, tmp_path / "all", *model) == 0

    some, everyone = (read_run(tmp_path / name) for name in ("some", "all"))
    assert (some["role"], everyone["role"]) == ("held-out-twin", "shipped")
    assert some["split"]["train"]["slices"] < everyone["split"]["train"]["slices"] == len(rows)
    assert some["set"] is None
    assert not (tmp_path / "some" / "logits.csv").exists()


def test_a_base_that_the_run_is_not_from_or_that_knows_the_labels_is_refused(
    data: Path, base: Path, folds: list[Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    tiny_model(8).save_pretrained(other)
    (other / UNTRAINED_FILE).write_text("{}\n")

    with pytest.raises(ValueError, match="expected base, the run's base, for --base, received other"):
        run(data, other, tmp_path / "out", "--run", str(folds[0]))
    with pytest.raises(ValueError, match="expected a base with weights of its own for --base, received random"):
        interpolate.main(
            ["--data", str(data), "--base", "random", "--run", str(folds[0]), "--out", str(tmp_path / "out")]
        )
    with pytest.raises(ValueError, match="expected a base that knows none of the labels"):
        run(data, folds[0] / "model", tmp_path / "out", "--run", str(folds[0]))
    assert not (tmp_path / "out").exists()


def test_train_all_takes_every_run_toward_its_base(
    data: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_process(line: list[str], env: dict[str, str], check: bool) -> Namespace:
        steps = {"sulcus_training.train": train.main, "sulcus_training.interpolate": interpolate.main}
        return Namespace(returncode=steps[line[2]](line[3:]))

    monkeypatch.setattr(train_all.subprocess, "run", in_process)
    given = ["--data", str(data), "--base", str(base), "--epochs", "1", "--device", "cpu", "--out", str(tmp_path)]

    assert train_all.main(given) == 0
    assert train_all.main([*given, "--share", "0.5", "--minutes", "0"]) == train_all.UNFINISHED
    assert list(tmp_path.glob("*-back")) == []
    assert train_all.main([*given, "--share", "0.5"]) == 0

    steps = ["card", "final", *(f"fold-{fold}" for fold in range(5))]
    assert sorted(path.parent.name for path in tmp_path.glob("*-back/run.json")) == [
        f"{name}-back" for name in sorted([*steps, "folds"])
    ]
    pooled = read_run(tmp_path / "folds-back")
    assert (pooled["recipe"]["share"], pooled["set"]["people"]) == (0.5, 20)
    assert read_run(tmp_path / "card-back")["protocol"] == "card"
    assert (
        load_file(tmp_path / "final-back" / "model" / "model.safetensors")["classifier.weight"].dtype == torch.float16
    )


def test_train_all_hands_on_what_the_classifier_is_to_be_fitted_to(tmp_path: Path) -> None:
    given = ["--share", "0.5", "--served", "--compile-options=--skip-background 8", "--out", str(tmp_path)]
    arguments = train_all._parse([*given, "--data", str(tmp_path)])

    line = train_all.back_command(train_all.STEPS[0], arguments)

    parsed = interpolate._parse(line[3:])
    assert (parsed.served, parsed.compile_options, parsed.share) == (True, "--skip-background 8", 0.5)
    assert parsed.run == tmp_path / "fold-0"


@pytest.mark.skipif(shutil.which("node") is None, reason="expected node for the product's command line, found none")
def test_a_classifier_can_be_fitted_to_the_features_of_the_compiled_network(
    data: Path, base: Path, folds: list[Path], tmp_path: Path
) -> None:
    given = ["--run", str(folds[0]), "--share", "0.5", "--l2", "0.1"]
    assert run(data, base, tmp_path / "own", *given) == 0

    assert run(data, base, tmp_path / "served", *given, "--served", "--compile-options=--skip-background 8") == 0

    own, served = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("own", "served"))
    changed = {name for name, tensor in own.items() if not torch.equal(tensor, served[name])}
    assert changed == {"classifier.weight", "classifier.bias"}
    assert torch.allclose(own["classifier.weight"], served["classifier.weight"], atol=0.05)
    assert read_run(tmp_path / "served")["recipe"]["served"] == "sulcus compile --skip-background 8"
    # As it is kept the network is no other than the compiled one but for rounding, whichever it was fitted to.
    _, by_own = read_logits([tmp_path / "own" / "logits.csv"])
    _, by_served = read_logits([tmp_path / "served" / "logits.csv"])
    assert by_served.logits == pytest.approx(by_own.logits, abs=0.2)
