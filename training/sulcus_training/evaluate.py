"""Figures of a checkpoint, or of what the product answered, on labelled slices: `logits.csv` and `run.json`."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import ViTForImageClassification

from .console import say
from .labels import ID2LABEL
from .logits_file import LOGITS_FILE, to_predictions, write_logits
from .machine import choose_device
from .metrics import Floats
from .options import add_data, create_parser
from .predict import predict_logits
from .processor import read_processor
from .product_results import read_results
from .run_record import Facts, run_record, write_run
from .scans import Scan, choose_scans, hash_data, read_scans


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parse(argv)
    started = time.monotonic()
    scans = choose_scans(read_scans(arguments.data), arguments.split, arguments.use)
    device = choose_device(arguments.device)
    if arguments.results is None:
        logits, method = _run(arguments.model, arguments.data, scans, device), "transformers, Pillow processor, fp32"
    else:
        logits, method = read_results(arguments.results, arguments.data, scans), "the compiled bundle, sulcus classify"
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_logits(arguments.out / LOGITS_FILE, scans, logits)
    facts = Facts(
        id=arguments.id,
        title=arguments.title or arguments.id,
        role=arguments.role,
        protocol=arguments.protocol,
        trained_on=arguments.trained_on,
        evaluated_on=arguments.evaluated_on,
        method=method,
    )
    record = run_record(
        facts,
        to_predictions(scans, logits),
        device,
        time.monotonic() - started,
        data={"sha256": hash_data(arguments.data, scans), "slices": len(scans)},
    )
    write_run(arguments.out, record)
    say(f"wrote {arguments.out}")
    return 0


def _run(checkpoint: Path, data: Path, scans: Sequence[Scan], device: torch.device) -> Floats:
    model = ViTForImageClassification.from_pretrained(checkpoint, dtype=torch.float32)
    if model.config.id2label != ID2LABEL:
        raise SystemExit(f"expected the labels {ID2LABEL} for the model, received {model.config.id2label}")
    return predict_logits(model, read_processor(checkpoint, model.config.image_size), data, scans, device)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = create_parser("evaluate", __doc__)
    add_data(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path, help="checkpoint folder")
    source.add_argument("--results", type=Path, help="lines of `sulcus classify --json`, the product's own answers")
    parser.add_argument("--split", type=Path, help="CSV file,use: evaluates the slices of --use alone")
    parser.add_argument("--use", help="such as held-out-person")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--id", required=True, help="name of the run")
    parser.add_argument("--title")
    parser.add_argument("--role", default="held-out-twin", choices=("shipped", "held-out-twin", "baseline"))
    parser.add_argument("--protocol", required=True, choices=("card", "subject-disjoint"), help="what the slices are")
    parser.add_argument("--trained-on", required=True, help="in words, for the card")
    parser.add_argument("--evaluated-on", required=True, help="in words, for the card")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
