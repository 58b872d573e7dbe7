"""The product's command line: a checkpoint compiled, its answers on slices as logits and features."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from .labels import LABELS
from .metrics import Floats
from .scans import Scan

SULCUS = Path("../bin/sulcus.js")


@dataclass(frozen=True)
class Product:
    """Where the command line is, and the options of its `compile`. Whatever fails raises RuntimeError."""

    sulcus: Path
    compile_options: Sequence[str] = ()

    @property
    def form(self) -> str:
        """How a checkpoint is compiled, for the record of a run."""
        return " ".join(["sulcus compile", *self.compile_options])

    def compile(self, checkpoint: Path, bundle: Path, name: str = "run") -> None:
        given = [str(checkpoint), "--out", str(bundle), "--name", name, *self.compile_options]
        self._run("compile", given, subprocess.DEVNULL)

    def calibrate(self, bundle: Path, logits: Path, data: Path, out: Path, options: Sequence[str]) -> None:
        """Scores by the logits, the input gate by all slices of `data`."""
        given = [str(data), "--model", str(bundle), "--logits", str(logits), "--out", str(out), *options]
        self._run("calibrate", given, None)

    def classify(self, bundle: Path, scans: Sequence[Scan], data: Path, lines: Path) -> Floats:
        """Logits [n, labels] by a bundle; its answers stay in `lines`."""
        self._answer("classify", bundle, scans, data, lines)
        return read_results(lines, data, scans)

    def extract_features(self, bundle: Path, scans: Sequence[Scan], data: Path, lines: Path) -> Floats:
        """[n, hidden] by a bundle, as `classify`."""
        self._answer("features", bundle, scans, data, lines)
        return read_features(lines, data, scans)

    def _answer(self, command: str, bundle: Path, scans: Sequence[Scan], data: Path, lines: Path) -> None:
        files = [str(data / scan.file) for scan in scans]
        with lines.open("w", encoding="utf-8") as stream:
            self._run(command, [*files, "--model", str(bundle), "--json"], stream)

    def _run(self, command: str, given: Sequence[str], stdout: IO[str] | int | None) -> None:
        """Without the thousands of files in the error that `check` would raise."""
        code = subprocess.run(["node", str(self.sulcus), command, *given], check=False, stdout=stdout).returncode
        if code != 0:
            raise RuntimeError(f"expected exit code 0 of sulcus {command}, received {code}")


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
