"""The labelled slices: `scans.csv` (`file,label,subject`) beside the images it names."""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .labels import LABEL2ID

SCANS_FILE = "scans.csv"


@dataclass(frozen=True)
class Scan:
    """One slice; `file` is relative to the folder of `scans.csv`, `subject` the person it shows."""

    file: str
    label: str
    subject: str

    @property
    def target(self) -> int:
        return LABEL2ID[self.label]


def read_scans(folder: Path) -> list[Scan]:
    """All slices, sorted by file, so that no split depends on the order of the rows.

    Raises ValueError for a missing column, an unknown label, a file named twice or a person with two labels.
    """
    with (folder / SCANS_FILE).open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"file", "label", "subject"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f"expected columns file,label,subject for {SCANS_FILE}, received none of {sorted(missing)}"
            )
        scans = [Scan(row["file"], row["label"], row["subject"]) for row in reader]
    _check(scans)
    return sorted(scans, key=lambda scan: scan.file)


def choose_scans(scans: Sequence[Scan], split: Path | None, use: str | None) -> list[Scan]:
    """Those that a CSV (`file,use`) marks so; all where there is none. Raises ValueError when none is marked so."""
    if split is None:
        return list(scans)
    with split.open(newline="", encoding="utf-8") as stream:
        chosen = {row["file"] for row in csv.DictReader(stream) if row["use"] == use}
    found = [scan for scan in scans if scan.file in chosen]
    if not found:
        raise ValueError(f"expected slices marked {use} in {split.name}, received none")
    return found


def _check(scans: Sequence[Scan]) -> None:
    if not scans:
        raise ValueError(f"expected slices in {SCANS_FILE}, received none")
    if len({scan.file for scan in scans}) < len(scans):
        raise ValueError(f"expected each file once in {SCANS_FILE}, received one twice")
    labels: dict[str, str] = {}
    for scan in scans:
        if scan.label not in LABEL2ID:
            raise ValueError(f"expected one of {', '.join(LABEL2ID)} for a label, received {scan.label}")
        if labels.setdefault(scan.subject, scan.label) != scan.label:
            raise ValueError(f"expected one label for {scan.subject}, received {labels[scan.subject]} and {scan.label}")


def label_of_subjects(scans: Iterable[Scan]) -> dict[str, str]:
    """Each person's label, by the person's name."""
    return {scan.subject: scan.label for scan in sorted(scans, key=lambda scan: scan.subject)}


def hash_data(folder: Path, scans: Sequence[Scan]) -> str:
    """SHA-256 over the names, labels, people and contents of the slices: what "the same data" means in a run's JSON."""
    digest = hashlib.sha256()
    for scan in scans:
        content = hashlib.sha256((folder / scan.file).read_bytes()).hexdigest()
        digest.update(f"{content}  {scan.file},{scan.label},{scan.subject}\n".encode())
    return digest.hexdigest()
