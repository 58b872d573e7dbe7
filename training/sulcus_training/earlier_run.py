"""A run that another goes on from: its weights, as long as both hold out the same scans."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .bases import Base, open_base
from .run_record import read_run


@dataclass(frozen=True)
class EarlierRun:
    """`base` are its weights, which knew none of the held-out scans; `facts` what a run's JSON says of it."""

    base: Base
    facts: dict[str, Any]


# What decides who is held out.
SPLIT_KEYS = ("protocol", "fold", "splitSeed", "data")


def open_earlier_run(folder: Path, split: dict[str, Any]) -> EarlierRun:
    """The weights of a run whose split is the same: `split` has the members SPLIT_KEYS as this run's JSON will.

    Raises ValueError for a run of another split, or from a base that knew the labels: somebody held out here may have
    been trained on there.
    """
    earlier = read_run(folder)
    differing = [key for key in SPLIT_KEYS if earlier.get(key) != split[key]]
    if differing:
        raise ValueError(
            f"expected an earlier run with the {differing[0]} {split[differing[0]]}, received one with "
            f"{earlier.get(differing[0])}"
        )
    if earlier["base"]["knowsLabels"]:
        raise ValueError("expected an earlier run from a base that knew none of the labels, received one that may have")
    base = replace(open_base(str(folder / "model"), None), name=earlier["base"]["name"], knows_labels=False)
    return EarlierRun(base, facts_before(earlier))


def facts_before(earlier: dict[str, Any]) -> dict[str, Any]:
    """What the JSON of a run says of the one that it went on from, and of those before."""
    keys = ("id", "recipe", "seed", "seconds", "epochs")
    return {key: earlier[key] for key in keys} | {"after": earlier.get("after")}


def runs_before(run: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of all runs that a run went on from, the latest first."""
    earlier = run.get("after")
    return [] if earlier is None else [earlier, *runs_before(earlier)]
