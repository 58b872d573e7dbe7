"""Logits as CSV, `file,label,subject,logit_<label>...`: what a run leaves for pooling and for calibration."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .labels import LABEL2ID, LABELS
from .metrics import Floats, Predictions
from .scans import Scan

LOGITS_FILE = "logits.csv"
LOGIT_COLUMNS = tuple(f"logit_{label}" for label in LABELS)


def write_logits(file: Path, scans: Sequence[Scan], logits: Floats) -> None:
    """One row a slice, logits in nine significant digits: exact for float32."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "label", "subject", *LOGIT_COLUMNS))
        for scan, row in zip(scans, logits, strict=True):
            writer.writerow((scan.file, scan.label, scan.subject, *(f"{value:.9g}" for value in row)))


def read_logits(files: Sequence[Path]) -> tuple[list[Scan], Predictions]:
    """The rows of all files together. Raises ValueError when a slice is in two of them."""
    rows: list[dict[str, str]] = []
    for file in files:
        with file.open(newline="", encoding="utf-8") as stream:
            rows += csv.DictReader(stream)
    if len({row["file"] for row in rows}) < len(rows):
        raise ValueError("expected every slice in one file of logits only, received one in two")
    scans = [Scan(row["file"], row["label"], row["subject"]) for row in rows]
    logits = np.array([[float(row[column]) for column in LOGIT_COLUMNS] for row in rows])
    return scans, to_predictions(scans, logits)


def to_predictions(scans: Sequence[Scan], logits: Floats) -> Predictions:
    """Logits with the labels and people of their slices."""
    return Predictions(
        logits=np.asarray(logits, dtype=np.float64),
        targets=np.array([LABEL2ID[scan.label] for scan in scans], dtype=np.int64),
        subjects=np.array([scan.subject for scan in scans]),
    )
