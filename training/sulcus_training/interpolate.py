"""From a fine-tuned network part of the way back to its base, the classifier fitted anew: `model/`, `logits.csv` of the
held-out slices, `run.json`."""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import ViTForImageClassification

from .bases import RANDOM, Base, describe, open_base
from .console import note, say
from .earlier_run import facts_before
from .interpolation import fit_classifier, move_toward_base
from .labels import ID2LABEL
from .logits_file import LOGITS_FILE, to_predictions, write_logits
from .machine import choose_device
from .metrics import Floats
from .options import add_base, add_data, add_product, create_parser, product_of
from .predict import extract_features
from .processor import read_processor, write_processor
from .run_record import RUN_FILE, Facts, describe_split, read_run, run_record, write_run
from .scans import Scan, choose_scans, hash_data, read_scans
from .splits import Split, keep_people_back, make_split
from .train import PROTOCOL_OF_RUN

# The furthest back at which the twin of the shipped weights is as often right on slices of known people as it was.
SHARE = 0.75
L2 = 0.001


@dataclass(frozen=True)
class Source:
    """Where the fine-tuned network is, who it was trained on, and the JSON of its run if it has one."""

    checkpoint: Path
    split: Split
    run: dict[str, Any] | None


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parse(argv)
    if (arguments.out / RUN_FILE).is_file():
        note(f"{arguments.out} has ended before: nothing to do")
        return 0
    started = time.monotonic()
    scans = read_scans(arguments.data)
    data = {"sha256": hash_data(arguments.data, scans), "slices": len(scans)}
    source = _open_run(arguments.run, scans, data) if arguments.run else _open_checkpoint(arguments, scans)
    base = open_base(arguments.base, arguments.wheel)
    _check_base(base, source)
    model = ViTForImageClassification.from_pretrained(source.checkpoint, dtype=torch.float32)
    move_toward_base(model, base.model, arguments.share)
    logits = _fit(model, arguments, source)
    _write(model, logits, arguments, source)
    predictions = to_predictions(source.split.test, logits) if source.split.test else None
    facts, device, seconds = _facts(arguments, source), choose_device(arguments.device), time.monotonic() - started
    record = run_record(facts, predictions, device, seconds, data=data, **_details(arguments, base, source))
    write_run(arguments.out, record)
    say(f"wrote {arguments.out}")
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = create_parser("interpolate", __doc__)
    add_data(parser)
    add_base(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", type=Path, help="an ended run of `train`")
    source.add_argument("--model", type=Path, help="a checkpoint folder, trained on --use of --split, or on everyone")
    parser.add_argument("--split", type=Path, help="CSV file,use: which slices --model was trained on")
    parser.add_argument("--use", default="train", help="(default: %(default)s)")
    parser.add_argument(
        "--share", type=float, default=SHARE, help="0 is the base, 1 the network (default: %(default)s)"
    )
    parser.add_argument(
        "--l2", type=float, default=L2, help="holds the classifier to the one before (default: %(default)s)"
    )
    parser.add_argument(
        "--served", action="store_true", help="fit the classifier to the features of the compiled network"
    )
    add_product(parser)
    parser.add_argument("--half", action="store_true", help="keep fp16 weights")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args(argv)


def _open_run(folder: Path, scans: list[Scan], data: dict[str, Any]) -> Source:
    """An ended run, with the split that it had."""
    run = read_run(folder)
    if "share" in run["recipe"]:
        raise ValueError("expected a run of train for --run, received one of interpolate")
    if run["data"] != data:
        raise ValueError("expected the data that the run was made from, received other slices, labels or people")
    split = make_split(scans, PROTOCOL_OF_RUN[run["protocol"]], run["fold"] or 0, run["splitSeed"])
    if run["recipe"]["stop_people"] > 0:
        split = keep_people_back(split, run["recipe"]["stop_people"], run["splitSeed"])
    return Source(folder / "model", split, run)


def _open_checkpoint(arguments: argparse.Namespace, scans: list[Scan]) -> Source:
    """A checkpoint without a run: whoever it was not trained on is for `evaluate`."""
    return Source(arguments.model, Split(choose_scans(scans, arguments.split, arguments.use), []), None)


def _check_base(base: Base, source: Source) -> None:
    """Raises ValueError for a base that may have been trained on those held out, and one that the run is not from."""
    if base.name == RANDOM:
        raise ValueError("expected a base with weights of its own for --base, received random")
    if base.knows_labels:
        raise ValueError(
            "expected a base that knows none of the labels, received one that may have been trained on anyone"
        )
    if source.run is not None and source.run["base"]["name"] != base.name:
        raise ValueError(f"expected {source.run['base']['name']}, the run's base, for --base, received {base.name}")


def _fit(model: ViTForImageClassification, arguments: argparse.Namespace, source: Source) -> Floats:
    """Fits the classifier on the training slices; logits of the held-out ones, by the weights as they are kept."""
    if model.config.id2label != ID2LABEL:
        raise ValueError(f"expected the labels {ID2LABEL} for the model, received {model.config.id2label}")
    if arguments.half:
        model.half().float()
    train, test = source.split.train, source.split.test
    note(f"features of {len(train) + len(test)} slices ...")
    processor, device = read_processor(source.checkpoint, model.config.image_size), choose_device(arguments.device)

    def extract(scans: Sequence[Scan]) -> Floats:
        return extract_features(model, processor, arguments.data, scans, device)

    features = _served_features(model, arguments, source) if arguments.served else extract(train)
    classifier = model.classifier
    assert isinstance(classifier, nn.Linear)
    fit_classifier(classifier, features, np.array([scan.target for scan in train]), arguments.l2)
    if arguments.half:
        classifier.half().float()
    if not test:
        return np.empty((0, len(ID2LABEL)))
    with torch.no_grad():
        logits: Floats = classifier.cpu()(torch.as_tensor(extract(test)).float()).double().numpy()
    return logits


def _served_features(model: ViTForImageClassification, arguments: argparse.Namespace, source: Source) -> Floats:
    """Of the training slices, by the compiled network: its rounding is then in what the classifier is fitted to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _save(model, folder / "model", arguments, source)
        bundle, product = folder / "bundle", product_of(arguments)
        product.compile(folder / "model", bundle)
        return product.extract_features(bundle, source.split.train, arguments.data, folder / "features.jsonl")


def _save(model: ViTForImageClassification, folder: Path, arguments: argparse.Namespace, source: Source) -> None:
    (model.half() if arguments.half else model).save_pretrained(folder)
    write_processor(read_processor(source.checkpoint, model.config.image_size), folder)
    model.float()


def _write(model: ViTForImageClassification, logits: Floats, arguments: argparse.Namespace, source: Source) -> None:
    _save(model, arguments.out / "model", arguments, source)
    if source.split.test:
        write_logits(arguments.out / LOGITS_FILE, source.split.test, logits)


def _facts(arguments: argparse.Namespace, source: Source) -> Facts:
    """Those of the run it goes on from; a checkpoint's are of nothing held out."""
    way = f"{arguments.share:g} of the way from its base"
    if source.run is not None:
        run = source.run
        return Facts(
            id=f"{run['id']}-interpolated",
            title=f"{run['title']}, {way}",
            role=run["role"],
            protocol=run["protocol"],
            trained_on=run["trainedOn"],
            evaluated_on=run["evaluatedOn"],
            method="transformers, fp32",
        )
    people = len({scan.subject for scan in source.split.train})
    return Facts(
        id=f"{source.checkpoint.name}-interpolated",
        title=f"{source.checkpoint.name}, {way}",
        role="shipped" if arguments.split is None else "held-out-twin",
        protocol="none",
        trained_on=f"{len(source.split.train)} slices of {people} people",
        evaluated_on="nothing",
        method="transformers, fp32",
    )


def _details(arguments: argparse.Namespace, base: Base, source: Source) -> dict[str, Any]:
    """What the JSON of a run has besides, in the shape that `train` writes."""
    run = source.run
    name = f"{run['recipe']['name'] if run else source.checkpoint.name}-interpolated"
    return {
        "base": run["base"] if run else describe(base),
        "recipe": {"name": name, "share": arguments.share, "l2": arguments.l2, "served": _served(arguments)},
        "seed": run["seed"] if run else None,
        "after": facts_before(run) if run else None,
        "splitSeed": run["splitSeed"] if run else None,
        "fold": run["fold"] if run else None,
        "split": describe_split(source.split),
        "epochs": [],
    }


def _served(arguments: argparse.Namespace) -> str | None:
    """How the network was compiled whose features the classifier was fitted to; None for the checkpoint's own."""
    return product_of(arguments).form if arguments.served else None


if __name__ == "__main__":
    raise SystemExit(main())
