"""Folds pooled: every person predicted once, by the model that never saw them. `logits.csv` and `run.json`."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .console import say
from .earlier_run import runs_before
from .logits_file import LOGITS_FILE, read_logits, write_logits
from .machine import choose_device
from .metrics import Predictions
from .options import create_parser
from .run_record import Facts, read_run, run_record, write_run
from .scans import Scan


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser("pool", __doc__)
    parser.add_argument("folds", type=Path, nargs="+", help="folders of the runs, one a fold")
    parser.add_argument("--out", type=Path, required=True)
    add_title(parser)
    arguments = parser.parse_args(argv)
    pool(arguments.folds, arguments.out, arguments.title)
    say(f"wrote {arguments.out}")
    return 0


def add_title(parser: ArgumentParser) -> None:
    parser.add_argument("--title", help="of the run, in tables (default: base and recipe)")


def pool(folders: Sequence[Path], out: Path, title: str | None = None) -> dict[str, Any]:
    """Raises ValueError when a person is on both sides of a fold, in two folds, or the folds are of different runs."""
    runs = [read_run(folder) for folder in folders]
    check_folds(runs)
    scans, predictions = read_logits([folder / LOGITS_FILE for folder in folders])
    return write_pooled(runs, scans, predictions, out, Form(runs[0]["method"], title))


@dataclass(frozen=True)
class Form:
    """In which form the folds' models were run; the suffixes tell its run from that of the checkpoints themselves.
    `title` is that of the folds unless it is None."""

    method: str
    title: str | None
    id_suffix: str = ""
    title_suffix: str = ""


def write_pooled(
    runs: Sequence[dict[str, Any]], scans: Sequence[Scan], predictions: Predictions, out: Path, form: Form
) -> dict[str, Any]:
    """`logits.csv` and `run.json` of all folds together."""
    out.mkdir(parents=True, exist_ok=True)
    write_logits(out / LOGITS_FILE, scans, predictions.logits)
    first, recipe = runs[0], runs[0]["recipe"]["name"]
    facts = Facts(
        id=f"{recipe}-folds{form.id_suffix}",
        title=f"{form.title or first['title']}{form.title_suffix}",
        role="out-of-fold",
        protocol="subject-disjoint",
        trained_on="the people of the other folds",
        evaluated_on=f"everyone, pooled over {len(runs)} folds, each by the model of the fold that left them out",
        method=form.method,
    )
    record = run_record(
        facts,
        predictions,
        choose_device("cpu"),
        sum(part["seconds"] for run in runs for part in (run, *runs_before(run))),
        **{key: first[key] for key in ("base", "recipe", "seed", "splitSeed", "data")},
        recipesBefore=_recipes_before(first),
        folds=[_describe_fold(run) for run in runs],
    )
    record["machine"], record["versions"] = first["machine"], first["versions"]
    write_run(out, record)
    return record


def check_folds(runs: Sequence[dict[str, Any]]) -> None:
    """Nobody on both sides of any figure."""
    for run in runs:
        sides = [set(run["split"][side]["people"]) for side in ("train", "stop", "test")]
        if sides[2] & (sides[0] | sides[1]):
            raise ValueError(f"expected nobody on both sides of {run['id']}, received {sorted(sides[2] & sides[0])}")
        if run["base"]["knowsLabels"]:
            raise ValueError(f"expected a base that knows none of the labels for {run['id']}, received one that may")
    tested = Counter(person for run in runs for person in run["split"]["test"]["people"])
    if tested.most_common(1)[0][1] > 1:
        raise ValueError(f"expected everyone in one fold, received {tested.most_common(1)[0][0]} in two")
    for key in ("base", "recipe", "splitSeed", "data"):
        if any(run[key] != runs[0][key] for run in runs):
            raise ValueError(f"expected folds of one {key}, received different ones")
    if any(_recipes_before(run) != _recipes_before(runs[0]) for run in runs):
        raise ValueError("expected folds that went on from runs of one recipe, received different ones")


def _recipes_before(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [earlier["recipe"] for earlier in runs_before(run)]


def _describe_fold(run: dict[str, Any]) -> dict[str, Any]:
    figures = {name: figure["value"] for name, figure in run["set"]["figures"].items()}
    return {
        "fold": run["fold"],
        "n": run["set"]["n"],
        "people": run["set"]["people"],
        "seconds": run["seconds"],
        "figures": figures,
        "epochs": run["epochs"],
    }


if __name__ == "__main__":
    raise SystemExit(main())
