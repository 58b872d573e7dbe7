"""The product's command line: a checkpoint compiled, its answers on slices as logits and features."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from .labels import LABELS
from .metrics import Floats
from .scans import Scan

SULCUS = Path("../bin/sulcus.js")


def compile_checkpoint(checkpoint: Path, bundle: Path, sulcus: Path, options: Sequence[str], name: str = "run") -> None:
    """Raises RuntimeError when it fails."""
    compiling = ["node", str(sulcus), "compile", str(checkpoint), "--out", str(bundle), "--name", name, *options]
    _run(compiling, subprocess.DEVNULL)


def calibrate_bundle(bundle: Path, logits: Path, data: Path, out: Path, sulcus: Path, options: Sequence[str]) -> None:
    """Scores by the logits, the input gate by all slices of `data`. Raises RuntimeError when it fails."""
    calibrating = ["node", str(sulcus), "calibrate", str(data), "--model", str(bundle), "--logits", str(logits)]
    _run([*calibrating, "--out", str(out), *options], None)


def classify_scans(bundle: Path, scans: Sequence[Scan], data: Path, sulcus: Path, lines: Path) -> Floats:
    """Logits [n, labels] by a bundle; its answers stay in `lines`. Raises RuntimeError when it fails."""
    _answer("classify", bundle, scans, data, sulcus, lines)
    return read_results(lines, data, scans)


def extract_served_features(bundle: Path, scans: Sequence[Scan], data: Path, sulcus: Path, lines: Path) -> Floats:
    """[n, hidden] by a bundle, as `classify_scans`."""
    _answer("features", bundle, scans, data, sulcus, lines)
    return read_features(lines, data, scans)


def _answer(command: str, bundle: Path, scans: Sequence[Scan], data: Path, sulcus: Path, lines: Path) -> None:
    files = [str(data / scan.file) for scan in scans]
    with lines.open("w", encoding="utf-8") as stream:
        answering = ["node", str(sulcus), command, *files, "--model", str(bundle), "--json"]
        _run(answering, stream)


def _run(line: Sequence[str], stdout: IO[str] | int | None) -> None:
    """Without the thousands of files in the error that `check` would raise."""
    code = subprocess.run(line, check=False, stdout=stdout).returncode
    if code != 0:
        raise RuntimeError(f"expected exit code 0 of sulcus {line[2]}, received {code}")


def read_features(file: Path, data: Path, scans: Sequence[Scan]) -> Floats:
    """[n, hidden] of the scans, in their order, out of the lines of `sulcus features --json`.

    Raises ValueError for a scan without features.
    """
    results = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    rows = {Path(result["file"]).resolve(): result["features"] for result in results if result["state"] == "extracted"}
    return _in_order(rows, data, scans, "features")


def read_results(file: Path, data: Path, scans: Sequence[Scan]) -> Floats:
    """[n, labels] of the scans, in their order. Raises ValueError for a scan that was not classified, or not at all."""
    logits: dict[Path, list[float]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        result = json.loads(line)
        by_label = {score["label"]: score["logit"] for score in result["scores"]}
        if by_label.keys() == set(LABELS):
            logits[Path(result["file"]).resolve()] = [by_label[label] for label in LABELS]
    return _in_order(logits, data, scans, "a classified result")


def _in_order(rows: dict[Path, list[float]], data: Path, scans: Sequence[Scan], what: str) -> Floats:
    paths = [(data / scan.file).resolve() for scan in scans]
    missing = [path for path in paths if path not in rows]
    if missing:
        raise ValueError(f"expected {what} for every slice, received none for {len(missing)} of them")
    return np.array([rows[path] for path in paths])
