"""`run.json`: what was run on what, and every figure it gave. The model card takes its figures from these alone."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from .bootstrap import RESAMPLES, bootstrap
from .machine import machine, versions
from .metrics import Predictions, coverage_curve, per_class
from .scans import Scan, label_of_subjects
from .splits import Split

RUN_FILE = "run.json"
SCHEMA_VERSION = 1

Role = Literal["shipped", "held-out-twin", "out-of-fold", "fold", "baseline", "seed"]


@dataclass(frozen=True)
class Facts:
    """What a run says of itself: a stable id, a title for tables, which model the figures are of, by which protocol
    they were measured, on what, and how."""

    id: str
    title: str
    role: Role
    protocol: str
    trained_on: str
    evaluated_on: str
    method: str


def describe_set(predictions: Predictions) -> dict[str, Any]:
    """n, people, per-class figures, accuracy by coverage and every figure with its interval."""
    return {
        "n": len(predictions),
        "people": len(set(predictions.subjects.tolist())),
        "perClass": per_class(predictions),
        "coverage": coverage_curve(predictions),
        "figures": bootstrap(predictions, resamples=RESAMPLES),
        "interval": f"95 %, percentile bootstrap over people, {RESAMPLES} resamples",
    }


def run_record(
    facts: Facts,
    predictions: Predictions | None,
    device: torch.device,
    seconds: float,
    **more: Any,
) -> dict[str, Any]:
    """A run's JSON. `more` are the members that only some runs have: arguments, split, epochs, data, base."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "id": facts.id,
        "title": facts.title,
        "role": facts.role,
        "protocol": facts.protocol,
        "trainedOn": facts.trained_on,
        "evaluatedOn": facts.evaluated_on,
        "method": facts.method,
        "set": None if predictions is None else describe_set(predictions),
        "seconds": round(seconds, 1),
        "machine": machine(device),
        "versions": versions(),
        **more,
    }


def write_run(folder: Path, record: dict[str, Any]) -> None:
    """Written beside and renamed, so that a run that has its JSON is a run that ended."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{RUN_FILE}.partial"
    partial.write_text(f"{json.dumps(record, indent=2, allow_nan=False)}\n", encoding="utf-8")
    partial.replace(folder / RUN_FILE)


def read_run(folder: Path) -> dict[str, Any]:
    """The JSON of a run that ended. Raises FileNotFoundError for one that did not."""
    return json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))


def describe_split(split: Split) -> dict[str, Any]:
    """Slices and people of every side, by name."""
    sides = {"train": split.train, "stop": split.stop, "test": split.test}
    return {name: _describe_people(scans) for name, scans in sides.items()}


def _describe_people(scans: Sequence[Scan]) -> dict[str, Any]:
    labels = label_of_subjects(scans)
    return {"slices": len(scans), "people": sorted(labels)}


def epoch_table(history: Sequence[dict[str, Any]]) -> list[dict[str, float | int | None]]:
    """The Trainer's log as the table it writes into a card: training loss, epoch, step, validation loss, accuracy.

    An epoch that was interrupted logged its loss in parts; they are averaged by their steps.
    """
    rows: dict[int, dict[str, float | int | None]] = {}
    parts: dict[int, list[tuple[float, int]]] = {}
    last_step = 0
    for entry in history:
        epoch = math.ceil(entry.get("epoch", 0) - 1e-9)
        if "loss" in entry:
            parts.setdefault(epoch, []).append((entry["loss"], entry["step"] - last_step))
            last_step = entry["step"]
            steps = sum(count for _, count in parts[epoch])
            loss = sum(value * count for value, count in parts[epoch]) / steps
            rows[epoch] = {"trainingLoss": loss, "epoch": epoch, "step": entry["step"]}
        elif "eval_loss" in entry and epoch in rows:
            rows[epoch] |= {"validationLoss": entry["eval_loss"], "accuracy": entry.get("eval_accuracy")}
    return [{"validationLoss": None, "accuracy": None, **rows[epoch]} for epoch in sorted(rows)]
