"""From the runs of `train_all` to a bundle: the model on everyone compiled, its scores calibrated on people whom the
folds never saw, its input gate by every slice.

`served/` beside the runs: the folds pooled as they would be served, which the scores are fitted on. Runs part of the
way back to the base (`train_all --share`) are taken where there are any.
"""

import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .console import note, say
from .logits_file import LOGITS_FILE
from .options import add_data, add_product, create_parser, product_of
from .pool import pool
from .pool_served import describe_form, pool_served
from .product_results import Product
from .run_record import RUN_FILE, read_run
from .train_all import BACK, FINAL, FOLD_STEPS, POOLED

SERVED = "served"


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser("release", __doc__)
    parser.add_argument("--runs", type=Path, required=True, help="--out of train_all")
    parser.add_argument("--name", required=True, help="of the model in the bundle")
    add_data(parser)
    add_product(parser)
    parser.add_argument("--calibrate-options", default="", help="options of sulcus calibrate, as one word")
    parser.add_argument("--out", type=Path, required=True, help="bundle to write")
    arguments = parser.parse_args(argv)
    suffix = BACK if (arguments.runs / f"{FINAL}{BACK}" / RUN_FILE).is_file() else ""
    _require(arguments.runs, [FINAL, *(step.name for step in FOLD_STEPS)], suffix)
    product = product_of(arguments)
    served = arguments.runs / f"{SERVED}{suffix}"
    _pool(arguments.runs, suffix, arguments.data, product, served)
    with tempfile.TemporaryDirectory() as folder:
        bundle, checkpoint = Path(folder) / "bundle", arguments.runs / f"{FINAL}{suffix}" / "model"
        product.compile(checkpoint, bundle, arguments.name)
        options = shlex.split(arguments.calibrate_options)
        product.calibrate(bundle, served / LOGITS_FILE, arguments.data, arguments.out, options)
    say(f"{arguments.out} is the bundle; its figures of new people are in {served}")
    return 0


def _require(runs: Path, steps: Sequence[str], suffix: str) -> None:
    missing = [name for step in steps if not (runs / (name := f"{step}{suffix}") / RUN_FILE).is_file()]
    if missing:
        raise SystemExit(f"expected runs of train_all that have ended, received none of {', '.join(missing)}")


def _pool(runs: Path, suffix: str, data: Path, product: Product, served: Path) -> None:
    """And says what the compiled form costs."""
    folds = [runs / f"{step.name}{suffix}" for step in FOLD_STEPS]
    pooled = runs / f"{POOLED}{suffix}"
    own = read_run(pooled) if (pooled / RUN_FILE).is_file() else pool(folds, pooled)
    compiled = read_run(served) if (served / RUN_FILE).is_file() else pool_served(folds, data, product, served)
    if compiled["method"] != describe_form(product):
        raise SystemExit(f"expected {served} {describe_form(product)}, received one {compiled['method']}: remove it")
    difference = 100 * (_accuracy(compiled) - _accuracy(own))
    note(f"accuracy on new people: {_accuracy(own):.4f}, compiled {_accuracy(compiled):.4f} ({difference:+.2f} points)")


def _accuracy(run: dict[str, Any]) -> float:
    return float(run["set"]["figures"]["accuracy"]["value"])


if __name__ == "__main__":
    raise SystemExit(main())
