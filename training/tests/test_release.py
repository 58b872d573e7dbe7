"""From runs to a calibrated bundle, by the product's own command line."""

import json
import shutil
from argparse import Namespace
from pathlib import Path

import pytest

from sulcus_training import release, train, train_all
from sulcus_training.generate_data import write_data
from sulcus_training.product_results import SULCUS
from sulcus_training.run_record import read_run

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="expected node for the product, found none")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More slices than the 64 that an input gate takes."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder, people=6, slices=3, seed=0)
    return folder


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `train_all` with the tiny network, one epoch each."""
    out = tmp_path_factory.mktemp("runs")
    given = ["--data", str(data), "--base", "random", "--tiny", "--epochs", "1", "--device", "cpu", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_all.subprocess, "run", lambda line, env, check: Namespace(returncode=train.main(line[3:])))
        assert train_all.main(given) == 0
    return out


def command(data: Path, runs: Path, out: Path, *options: str) -> list[str]:
    own = ["--data", str(data), "--runs", str(runs), "--out", str(out), "--name", "ours", "--sulcus", str(SULCUS)]
    return [*own, "--calibrate-options=--bias never --source 'people left out'", *options]


@needs_node
def test_runs_become_a_bundle_calibrated_on_the_people_whom_the_folds_never_saw(
    data: Path, runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main(command(data, runs, tmp_path / "bundle")) == 0

    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["name"] == "ours"
    calibration = manifest["calibration"]
    fit = calibration["fit"]
    assert (fit["source"], fit["scans"], fit["subjects"]) == ("people left out", 72, 24)
    assert calibration["gate"] is not None
    served = read_run(runs / "served")
    assert (served["set"]["people"], served["role"]) == (24, "out-of-fold")
    assert "accuracy on new people: " in capsys.readouterr().err


@needs_node
def test_folds_that_were_compiled_otherwise_are_not_taken_for_these(data: Path, runs: Path, tmp_path: Path) -> None:
    assert release.main(command(data, runs, tmp_path / "one")) == 0

    with pytest.raises(SystemExit, match="--quantize fp32, run by sulcus classify, received one compiled by sulcus"):
        release.main(command(data, runs, tmp_path / "two", "--compile-options=--quantize fp32"))
    assert not (tmp_path / "two").exists()


def test_runs_that_have_not_ended_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="received none of final, fold-0, fold-1, fold-2, fold-3, fold-4"):
        release.main(command(data, tmp_path, tmp_path / "bundle"))
