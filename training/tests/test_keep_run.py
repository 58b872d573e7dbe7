import json
from pathlib import Path

import pytest

from sulcus_training import keep_run, train
from sulcus_training.run_record import read_run
from sulcus_training.scans import read_scans


def test_a_kept_run_has_its_figures_and_names_nobody(data: Path, tmp_path: Path) -> None:
    given = ["--data", str(data), "--base", "random", "--tiny", "--epochs", "1", "--device", "cpu"]
    train.main([*given, "--protocol", "card", "--out", str(tmp_path / "run")])

    kept = ["--id", "smoke", "--title", "Smoke", "--role", "baseline", "--out", str(tmp_path / "kept")]
    assert keep_run.main([str(tmp_path / "run"), *kept]) == 0

    text, run = (tmp_path / "kept" / "smoke.json").read_text(), read_run(tmp_path / "run")
    record = json.loads(text)
    names = {f'"{scan.subject}"' for scan in read_scans(data)}
    assert all(name in json.dumps(run) for name in names)
    assert not [name for name in names if name in text]
    assert (record["id"], record["title"], record["role"]) == ("smoke", "Smoke", "baseline")
    assert record["set"] == run["set"]
    assert record["split"]["test"]["people"] == len(run["split"]["test"]["people"]) > 0
    with pytest.raises(FileNotFoundError):
        keep_run.main([str(tmp_path / "none"), "--out", str(tmp_path)])
