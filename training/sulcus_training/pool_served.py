"""Folds pooled as they would be served: each fold's model compiled, the people it never saw classified by the bundle.

`logits.csv` and `run.json`: out-of-fold logits of the path that serves are what `sulcus calibrate --logits` should get.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .console import note, say
from .logits_file import LOGITS_FILE, read_logits, to_predictions
from .metrics import Floats
from .options import add_data, add_product, create_parser, product_of
from .pool import Form, add_title, check_folds, write_pooled
from .product_results import Product
from .run_record import read_run
from .scans import Scan


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser("pool_served", __doc__)
    parser.add_argument("folds", type=Path, nargs="+", help="folders of the runs, one a fold")
    add_data(parser)
    add_product(parser)
    parser.add_argument("--out", type=Path, required=True)
    add_title(parser)
    arguments = parser.parse_args(argv)
    pool_served(arguments.folds, arguments.data, product_of(arguments), arguments.out, arguments.title)
    say(f"wrote {arguments.out}")
    return 0


def pool_served(
    folders: Sequence[Path], data: Path, product: Product, out: Path, title: str | None = None
) -> dict[str, Any]:
    """Raises ValueError as `pool` does, and RuntimeError when a command of the product fails."""
    runs = [read_run(folder) for folder in folders]
    check_folds(runs)
    scans: list[Scan] = []
    logits: list[Floats] = []
    for folder in folders:
        note(f"{folder} ...")
        held_out, _ = read_logits([folder / LOGITS_FILE])
        scans += held_out
        logits.append(serve(folder / "model", held_out, data, product))
    form = Form(describe_form(product), title, "-int8", ", int8")
    return write_pooled(runs, scans, to_predictions(scans, np.concatenate(logits)), out, form)


def describe_form(product: Product) -> str:
    """The `method` of a run whose models were compiled."""
    return f"compiled by {product.form}, run by sulcus classify"


def serve(checkpoint: Path, scans: Sequence[Scan], data: Path, product: Product) -> Floats:
    """Logits [n, labels] of the scans by the compiled checkpoint. Raises RuntimeError when a command fails."""
    with tempfile.TemporaryDirectory() as folder:
        bundle, lines = Path(folder) / "bundle", Path(folder) / "results.jsonl"
        product.compile(checkpoint, bundle)
        return product.classify(bundle, scans, data, lines)


if __name__ == "__main__":
    raise SystemExit(main())
