import json
import shutil
from pathlib import Path

import pytest

from sulcus_training.evaluate import main
from sulcus_training.labels import LABELS
from sulcus_training.logits_file import read_logits
from sulcus_training.product_results import Product, read_features, read_results
from sulcus_training.run_record import read_run
from sulcus_training.scans import read_scans


def write_results(file: Path, data: Path, without: int = 0) -> None:
    """Answers that are right, in the order of their scores, as the product gives them; the first ones rejected."""
    lines = []
    for number, scan in enumerate(reversed(read_scans(data))):
        scores = [{"label": scan.label, "logit": 3.5}, *({"label": label, "logit": -1} for label in LABELS)]
        scores = [score for place, score in enumerate(scores) if place == 0 or score["label"] != scan.label]
        lines.append({"file": str(data / scan.file), "scores": [] if number < without else scores})
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_answers_of_the_product_are_evaluated_by_their_logits(data: Path, tmp_path: Path) -> None:
    write_results(tmp_path / "results.jsonl", data)
    given = ["--data", str(data), "--results", str(tmp_path / "results.jsonl"), "--out", str(tmp_path / "run")]

    main([*given, "--id", "int8", "--protocol", "card", "--trained-on", "nothing", "--evaluated-on", "everything"])

    assert read_run(tmp_path / "run")["set"]["figures"]["accuracy"]["value"] == 1
    scans, predictions = read_logits([tmp_path / "run" / "logits.csv"])
    assert predictions.logits[0, scans[0].target] == 3.5
    assert predictions.logits.min() == -1


def test_a_slice_without_an_answer_is_no_evaluation(data: Path, tmp_path: Path) -> None:
    write_results(tmp_path / "results.jsonl", data, without=2)

    with pytest.raises(ValueError, match="received none for 2 of them"):
        read_results(tmp_path / "results.jsonl", data, read_scans(data))


def test_features_come_in_the_order_of_the_slices_or_not_at_all(data: Path, tmp_path: Path) -> None:
    scans = read_scans(data)
    lines = [
        {"file": str(data / scan.file), "state": "extracted", "features": [place, 0.5]}
        for place, scan in enumerate(scans)
    ]
    (tmp_path / "features.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in reversed(lines)))

    features = read_features(tmp_path / "features.jsonl", data, scans)

    assert features.tolist() == [[place, 0.5] for place in range(len(scans))]
    rejected = {"file": str(data / scans[0].file), "state": "rejected", "features": None}
    (tmp_path / "features.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in [rejected, *lines[1:]]))
    with pytest.raises(ValueError, match="expected features for every slice, received none for 1 of them"):
        read_features(tmp_path / "features.jsonl", data, scans)


@pytest.mark.skipif(shutil.which("node") is None, reason="expected node, found none")
def test_a_command_that_fails_is_told_without_its_files(data: Path, tmp_path: Path) -> None:
    script = tmp_path / "sulcus.js"
    script.write_text("process.exit(3)")

    with pytest.raises(RuntimeError, match=r"^expected exit code 0 of sulcus features, received 3$"):
        Product(script).extract_features(tmp_path, read_scans(data), data, tmp_path / "lines")
