"""Folds pooled as they would be served: each fold's model compiled, the people it never saw classified by the bundle.

`logits.csv` and `run.json`: out-of-fold logits of the path that serves are what `sulcus calibrate --logits` should get.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .console import note, say
from .logits_file import LOGITS_FILE, read_logits, to_predictions
from .metrics import Floats
from .options import add_data, add_product, create_parser
from .pool import Form, add_title, check_folds, write_pooled
from .product_results import classify_scans, compile_checkpoint
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
    runs = [read_run(folder) for folder in arguments.folds]
    check_folds(runs)
    options = arguments.compile_options.split()
    scans: list[Scan] = []
    logits: list[Floats] = []
    for folder in arguments.folds:
        note(f"{folder} ...")
        held_out, _ = read_logits([folder / LOGITS_FILE])
        scans += held_out
        logits.append(serve(folder / "model", held_out, arguments.data, arguments.sulcus, options))
    method = " ".join(["compiled by sulcus compile", *options]) + ", run by sulcus classify"
    form = Form(method, arguments.title, "-int8", ", int8")
    write_pooled(runs, scans, to_predictions(scans, np.concatenate(logits)), arguments.out, form)
    say(f"wrote {arguments.out}")
    return 0


def serve(checkpoint: Path, scans: Sequence[Scan], data: Path, sulcus: Path, options: Sequence[str]) -> Floats:
    """Logits [n, labels] of the scans by the compiled checkpoint. Raises RuntimeError when a command fails."""
    with tempfile.TemporaryDirectory() as folder:
        bundle, lines = Path(folder) / "bundle", Path(folder) / "results.jsonl"
        compile_checkpoint(checkpoint, bundle, sulcus, options)
        return classify_scans(bundle, scans, data, sulcus, lines)


if __name__ == "__main__":
    raise SystemExit(main())
