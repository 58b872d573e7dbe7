"""Everything for a release in one command: five folds, their pool, the card's split, then the model on everyone; with
`--share`, each of them part of the way back to the base.

Goes on where it was interrupted: a run that has its run.json is not run again, one that has checkpoints is resumed.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .console import note, say
from .options import RECIPE_FIELDS, add_base, add_data, add_device, add_product, add_recipe, create_parser
from .pool import pool
from .run_record import RUN_FILE
from .splits import FOLDS
from .train import UNFINISHED


@dataclass(frozen=True)
class Step:
    """One call of `sulcus_training.train`; its run lies in the folder `name`."""

    name: str
    options: tuple[str, ...]


FOLD_STEPS = tuple(Step(f"fold-{fold}", ("--protocol", "subject-folds", "--fold", str(fold))) for fold in range(FOLDS))
FINAL = "final"
STEPS = (*FOLD_STEPS, Step("card", ("--protocol", "card")), Step(FINAL, ("--protocol", "all", "--half")))
POOLED = "folds"
# Of the folder of a step, where its run part of the way back to the base is.
BACK = "-back"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parse(argv)
    end = None if arguments.minutes is None else time.monotonic() + arguments.minutes * 60
    statuses: list[int] = []

    def run(step: Step) -> None:
        # After a failure nothing new is begun.
        if all(status in (0, UNFINISHED) for status in statuses):
            statuses.append(_run(step, arguments, end))

    with ThreadPoolExecutor(max_workers=arguments.at_once) as threads:
        list(threads.map(run, STEPS))
    for suffix in _suffixes(arguments):
        folds, pooled = (
            [arguments.out / f"{fold.name}{suffix}" for fold in FOLD_STEPS],
            arguments.out / f"{POOLED}{suffix}",
        )
        if all((fold / RUN_FILE).is_file() for fold in folds) and not (pooled / RUN_FILE).is_file():
            pool(folds, pooled)
    if any(statuses):
        return next((status for status in statuses if status not in (0, UNFINISHED)), UNFINISHED)
    suffix = _suffixes(arguments)[-1]
    final = arguments.out / f"{FINAL}{suffix}" / "model"
    say(f"{final} is the model on everyone; its figures are in {POOLED}{suffix} and card{suffix}")
    return 0


def _suffixes(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Of the folders of the runs that there are for a step, the last one for use."""
    return ("",) if arguments.share is None else ("", BACK)


def _run(step: Step, arguments: argparse.Namespace, end: float | None) -> int:
    """The exit status of a step, 0 for one that has ended before."""
    status = _train(step, arguments, end)
    if status != 0 or arguments.share is None or (arguments.out / f"{step.name}{BACK}" / RUN_FILE).is_file():
        return status
    # It keeps no checkpoints: what is begun is ended.
    if _over(_minutes_left(end), f"{step.name}{BACK}"):
        return UNFINISHED
    note(f"{step.name} toward its base ...")
    return subprocess.run(back_command(step, arguments), env=_environment(arguments.at_once), check=False).returncode


def _train(step: Step, arguments: argparse.Namespace, end: float | None) -> int:
    out = arguments.out / step.name
    if (out / RUN_FILE).is_file():
        return 0
    left = _minutes_left(end)
    if _over(left, step.name):
        return UNFINISHED
    note(f"{step.name} ...")
    line = command(step, arguments, out, left)
    return subprocess.run(line, env=_environment(arguments.at_once), check=False).returncode


def _minutes_left(end: float | None) -> float | None:
    return None if end is None else (end - time.monotonic()) / 60


def _over(left: float | None, name: str) -> bool:
    """Whether no time is left for a step, which is then said."""
    if left is None or left > 0:
        return False
    note(f"the time is over before {name}: the same command goes on from there")
    return True


def _environment(at_once: int) -> dict[str, str]:
    """A step's share of the CPUs: two runs with a thread each are done sooner than one after the other with two."""
    if at_once == 1:
        return dict(os.environ)
    return {**os.environ, "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // at_once))}


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = create_parser("train_all", __doc__)
    add_data(parser)
    add_base(parser)
    add_recipe(parser)
    add_device(parser)
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="end after this time, with exit code 75; run again to go on")
    parser.add_argument("--after", type=Path, help="folder of an earlier `train_all`: each step goes on from its own")
    parser.add_argument("--at-once", type=int, default=1, help="steps that run side by side (default: %(default)s)")
    parser.add_argument("--evaluate-every", type=int, default=1, help="epochs from one validation to the next")
    parser.add_argument("--share", type=float, help="interpolate every run with its base: 0 is the base, 1 the run")
    parser.add_argument("--served", action="store_true", help="with --share: as interpolate --served")
    add_product(parser)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args(argv)


def command(step: Step, arguments: argparse.Namespace, out: Path, minutes: float | None) -> list[str]:
    """The command line of a step: what was given to `train_all`, and what the step adds."""
    line = [sys.executable, "-m", "sulcus_training.train", *step.options, "--out", str(out)]
    of_data = ("data", "base", "wheel", "recipe", *RECIPE_FIELDS)
    for name in (*of_data, "device", "workers", "split_seed", "seed", "evaluate_every"):
        value = getattr(arguments, name)
        if value is not None:
            line += [f"--{name.replace('_', '-')}", str(value)]
    if arguments.after is not None:
        line += ["--after", str(arguments.after / step.name)]
    line += [f"--{name}" for name in ("exact", "tiny") if getattr(arguments, name)]
    return line if minutes is None else [*line, "--minutes", str(minutes)]


def back_command(step: Step, arguments: argparse.Namespace) -> list[str]:
    """The command line that takes an ended step's run toward its base."""
    out, share = arguments.out / f"{step.name}{BACK}", str(arguments.share)
    line = [
        sys.executable,
        "-m",
        "sulcus_training.interpolate",
        "--run",
        str(arguments.out / step.name),
        "--out",
        str(out),
    ]
    line += ["--share", share, *(option for option in step.options if option == "--half")]
    if arguments.served:
        line += ["--served", "--sulcus", str(arguments.sulcus), f"--compile-options={arguments.compile_options}"]
    for name in ("data", "base", "wheel", "device"):
        if getattr(arguments, name) is not None:
            line += [f"--{name}", str(getattr(arguments, name))]
    return line


if __name__ == "__main__":
    raise SystemExit(main())
