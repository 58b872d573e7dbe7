"""What the product answered: the lines of `sulcus classify --json` as logits."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .labels import LABELS
from .metrics import Floats
from .scans import Scan


def read_results(file: Path, data: Path, scans: Sequence[Scan]) -> Floats:
    """[n, labels] of the scans, in their order. Raises ValueError for a scan that was not classified, or not at all."""
    logits: dict[Path, list[float]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        result = json.loads(line)
        by_label = {score["label"]: score["logit"] for score in result["scores"]}
        if by_label.keys() == set(LABELS):
            logits[Path(result["file"]).resolve()] = [by_label[label] for label in LABELS]
    paths = [(data / scan.file).resolve() for scan in scans]
    missing = [path.name for path in paths if path not in logits]
    if missing:
        raise ValueError(f"expected a classified result for every slice, received none for {len(missing)} of them")
    return np.array([logits[path] for path in paths])
