"""One fine-tuning run: checkpoints, `model/`, `logits.csv` of the held-out slices, `run.json`."""

import argparse
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from .bases import Base, describe, open_base
from .console import note, say
from .earlier_run import open_earlier_run
from .fine_tune import Outcome, Plan, fine_tune
from .logits_file import LOGITS_FILE, to_predictions, write_logits
from .machine import bf16_is_fast, choose_device
from .options import add_base, add_data, add_device, add_recipe, create_parser, recipe_overrides
from .processor import create_processor, read_processor, write_processor
from .recipes import Recipe, recipe_for
from .run_record import RUN_FILE, Facts, Role, describe_split, epoch_table, run_record, write_run
from .scans import Scan, hash_data, read_scans
from .splits import FOLDS, PROTOCOLS, Protocol, Split, keep_people_back, make_split

# What a protocol here is to whoever reads a run: how its figures were measured.
RUN_PROTOCOLS: dict[Protocol, str] = {"card": "card", "subject-folds": "subject-disjoint", "all": "none"}
PROTOCOL_OF_RUN = {run: protocol for protocol, run in RUN_PROTOCOLS.items()}

# sysexits.h, EX_TEMPFAIL: run the same command again.
UNFINISHED = 75


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parse(argv)
    if (arguments.out / RUN_FILE).is_file():
        note(f"{arguments.out} has ended before: nothing to do")
        return 0
    logging.getLogger("transformers").setLevel(logging.ERROR)
    started = time.monotonic()
    plan, recipe_name, scans = _plan(arguments)
    outcome = fine_tune(plan)
    if not outcome.finished:
        note(f"the time is over: the same command goes on from the checkpoint in {arguments.out}")
        return UNFINISHED
    _write(arguments, plan, recipe_name, scans, outcome, time.monotonic() - started)
    say(f"wrote {arguments.out}")
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = create_parser("train", __doc__)
    add_data(parser)
    add_base(parser)
    add_recipe(parser)
    add_device(parser)
    parser.add_argument("--protocol", choices=PROTOCOLS, required=True)
    parser.add_argument("--fold", type=int, default=0, choices=range(FOLDS), help="held out by subject-folds")
    parser.add_argument("--split-seed", type=int, default=0, help="of the split; the same for all folds")
    parser.add_argument("--seed", type=int, default=0, help="of everything else that is random")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; resumed if it holds checkpoints")
    parser.add_argument("--minutes", type=float, help="save a checkpoint and end after this time, with exit code 75")
    parser.add_argument(
        "--after",
        type=Path,
        help="an ended run that held out the same scans: its weights are what this one starts from",
    )
    parser.add_argument("--half", action="store_true", help="keep fp16 weights")
    parser.add_argument("--evaluate-every", type=int, default=1, help="epochs from one validation to the next")
    parser.add_argument("--exact", action="store_true", help="deterministic kernels on a GPU, slower")
    parser.add_argument(
        "--tiny", action="store_true", help="with --base random: hidden 32, two layers, for a smoke run"
    )
    parser.add_argument(
        "--trained-base",
        action="store_true",
        help="allow a base that knows these labels: whoever it was trained on, no figure of the run counts as held out",
    )
    return parser.parse_args(argv)


TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
    "encoder_stride": 8,
}


def _plan(arguments: argparse.Namespace) -> tuple[Plan, str, list[Scan]]:
    scans = read_scans(arguments.data)
    recipe_name, recipe = recipe_for(arguments.base, arguments.recipe, recipe_overrides(arguments))
    split = _split(scans, arguments, recipe)
    set_seed(arguments.seed)
    earlier = None if arguments.after is None else open_earlier_run(arguments.after, _split_facts(arguments, scans))
    base = earlier.base if earlier else open_base(arguments.base, arguments.wheel, TINY if arguments.tiny else None)
    if base.knows_labels and split.test and not arguments.trained_base:
        raise SystemExit(
            f"expected a base that was trained on none of the scans for {arguments.protocol}, received one that knows "
            "their labels (--trained-base allows it, and marks the run)"
        )
    size = base.model.config.image_size
    plan = Plan(
        data=arguments.data,
        split=split,
        recipe=recipe,
        base=base,
        processor=read_processor(base.folder, size) if base.folder else create_processor(size),
        out=arguments.out,
        device=choose_device(arguments.device),
        seed=arguments.seed,
        workers=arguments.workers,
        budget=None if arguments.minutes is None else arguments.minutes * 60,
        exact=arguments.exact,
        half=arguments.half,
        evaluate_every=arguments.evaluate_every,
        after=earlier.facts if earlier else None,
    )
    return plan, recipe_name, scans


def _split_facts(arguments: argparse.Namespace, scans: list[Scan]) -> dict[str, Any]:
    """What decides who is held out, as `run.json` has it."""
    return {
        "protocol": RUN_PROTOCOLS[arguments.protocol],
        "splitSeed": arguments.split_seed,
        "fold": arguments.fold if arguments.protocol == "subject-folds" else None,
        "data": {"sha256": hash_data(arguments.data, scans), "slices": len(scans)},
    }


def _split(scans: list[Scan], arguments: argparse.Namespace, recipe: Recipe) -> Split:
    split = make_split(scans, arguments.protocol, arguments.fold, arguments.split_seed)
    return keep_people_back(split, recipe.stop_people, arguments.split_seed) if recipe.stop_people > 0 else split


def _write(
    arguments: argparse.Namespace, plan: Plan, recipe_name: str, scans: list[Scan], outcome: Outcome, seconds: float
) -> None:
    model = plan.base.model.half() if plan.half else plan.base.model
    model.save_pretrained(plan.out / "model")
    write_processor(plan.processor, plan.out / "model")
    test, predictions = plan.split.test, None
    if outcome.logits is not None:
        write_logits(plan.out / LOGITS_FILE, test, outcome.logits)
        predictions = to_predictions(test, outcome.logits)
    record = run_record(
        _facts(arguments, plan.base, recipe_name, plan.device),
        predictions,
        plan.device,
        seconds,
        base=describe(plan.base),
        recipe={"name": recipe_name, **asdict(plan.recipe)},
        seed=plan.seed,
        after=plan.after,
        **{key: value for key, value in _split_facts(arguments, scans).items() if key != "protocol"},
        split=describe_split(plan.split),
        imagesPerSecond=round(outcome.images_per_second, 2),
        epochs=epoch_table(outcome.history),
    )
    write_run(plan.out, record)


def _facts(arguments: argparse.Namespace, base: Base, recipe_name: str, device: torch.device) -> Facts:
    protocol = RUN_PROTOCOLS[arguments.protocol]
    known = " (the base knew these labels: not held out)" if base.knows_labels else ""
    evaluated = {
        "card": "a random tenth of the slices, of people whose other slices were trained on",
        "subject-folds": f"the people of fold {arguments.fold} of {FOLDS}, none of them trained on",
        "all": "nothing",
    }[arguments.protocol]
    trained = {
        "card": "nine tenths of the slices, at random",
        "subject-folds": "the people of the other folds",
        "all": "all slices",
    }[arguments.protocol]
    # The model on everyone is shipped; one that leaves slices out is its twin, by the same recipe.
    roles: dict[str, Role] = {"card": "held-out-twin", "subject-folds": "fold", "all": "shipped"}
    suffix = f"-{arguments.fold}" if arguments.protocol == "subject-folds" else ""
    return Facts(
        id=f"{recipe_name}-{arguments.protocol}{suffix}",
        title=f"{base.name}, recipe {recipe_name}",
        role=roles[arguments.protocol],
        protocol=protocol,
        trained_on=trained,
        evaluated_on=evaluated + known,
        method=f"transformers Trainer, {'bf16 autocast' if bf16_is_fast(device) else 'fp32'}",
    )


if __name__ == "__main__":
    raise SystemExit(main())
