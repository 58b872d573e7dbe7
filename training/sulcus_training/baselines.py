"""What simpler methods score on the same splits: nearest neighbour on pixels, linear probe on frozen features."""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .bases import open_base
from .console import note, say
from .labels import LABELS
from .logits_file import LOGITS_FILE, to_predictions, write_logits
from .machine import choose_device
from .metrics import Floats, Ints, cross_entropy
from .options import add_base, add_data, create_parser
from .predict import extract_features
from .processor import create_processor
from .run_record import Facts, run_record, write_run
from .scans import Scan, hash_data, read_scans
from .splits import FOLDS, Split, deal_folds, split_by_people, split_by_slices

# Predicts logits [test, labels] from rows of what the method sees: train rows, train scans, test rows.
Method = Callable[[Floats, list[Scan], Floats], Floats]

# A nearest neighbour has no probabilities: 0 and 1, for what is computed from probabilities of labels.
CERTAIN = 30.0
STRENGTHS = tuple(10.0**power for power in range(-5, 2))


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parse(argv)
    scans = read_scans(arguments.data)
    for name in arguments.methods:
        started = time.monotonic()
        rows = read_pixels(arguments.data, scans) if name == "nearest-neighbour" else _features(arguments, scans)
        seconds = time.monotonic() - started
        for protocol in ("card", "subject-disjoint"):
            _measure(arguments, name, protocol, scans, rows, seconds)
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = create_parser("baselines", __doc__)
    add_data(parser)
    add_base(parser)
    parser.add_argument("--out", type=Path, required=True, help="a folder a run is made in it")
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--methods", nargs="+", default=["nearest-neighbour", "linear-probe"])
    return parser.parse_args(argv)


METHODS = {
    "nearest-neighbour": ("Nearest neighbour on raw pixels", "Euclidean distance on 128 x 128 grey pixels; no scores"),
    "linear-probe": ("Linear probe", "multinomial logistic regression on frozen [CLS] features, L2 by inner folds"),
}


def _measure(
    arguments: argparse.Namespace, name: str, protocol: str, scans: list[Scan], rows: Floats, seconds: float
) -> None:
    started = time.monotonic()
    method = nearest_neighbour if name == "nearest-neighbour" else linear_probe
    title, how = METHODS[name]
    seed = arguments.split_seed
    folds = range(FOLDS)
    splits = [split_by_slices(scans, seed)] if protocol == "card" else [split_by_people(scans, k, seed) for k in folds]
    tested, logits = run_splits(method, splits, scans, rows)
    folder = arguments.out / f"{name}-{protocol}"
    folder.mkdir(parents=True, exist_ok=True)
    write_logits(folder / LOGITS_FILE, tested, logits)
    facts = Facts(
        id=f"{name}-{protocol}",
        title=title if name == "nearest-neighbour" else f"{title} on {Path(arguments.base).name}",
        role="baseline",
        protocol=protocol,
        trained_on="the other slices, at random" if protocol == "card" else "the people of the other folds",
        evaluated_on="a random tenth of the slices" if protocol == "card" else "everyone, pooled over five folds",
        method=how,
    )
    record = run_record(
        facts,
        to_predictions(tested, logits),
        choose_device("cpu"),
        seconds + time.monotonic() - started,
        splitSeed=seed,
        data={"sha256": hash_data(arguments.data, scans), "slices": len(scans)},
    )
    if name == "nearest-neighbour":
        # What a method without scores cannot have.
        for figure in ("loss", "ece", "brier"):
            record["set"]["figures"][figure] = {"value": None, "low": None, "high": None}
        record["set"]["coverage"] = []
    write_run(folder, record)
    say(f"wrote {folder}: accuracy {record['set']['figures']['accuracy']['value']:.4f}")


def run_splits(
    method: Method, splits: Sequence[Split], scans: Sequence[Scan], rows: Floats
) -> tuple[list[Scan], Floats]:
    """The test slices of all splits in turn and their logits."""
    row_of = {scan.file: row for row, scan in enumerate(scans)}
    tested: list[Scan] = []
    logits = []
    for split in splits:
        train, test = ([row_of[scan.file] for scan in side] for side in (split.train, split.test))
        logits.append(method(rows[train], split.train, rows[test]))
        tested += split.test
    return tested, np.concatenate(logits)


def read_pixels(data: Path, scans: Sequence[Scan]) -> Floats:
    """[n, pixels], grey levels."""
    return np.stack([np.asarray(Image.open(data / scan.file).convert("L"), dtype=np.float32).ravel() for scan in scans])


def _features(arguments: argparse.Namespace, scans: Sequence[Scan]) -> Floats:
    base = open_base(arguments.base, arguments.wheel)
    if base.knows_labels:
        raise SystemExit("expected a base that knows none of the labels for a linear probe, received one that does")
    note(f"features of {len(scans)} slices ...")
    processor = create_processor(base.model.config.image_size)
    return extract_features(base.model, processor, arguments.data, scans, choose_device("auto"))


def nearest_neighbour(train: Floats, train_scans: list[Scan], test: Floats) -> Floats:
    """The label of the nearest slice, as certain logits."""
    distance = (train**2).sum(axis=1)[None, :] - 2 * test @ train.T
    nearest = distance.argmin(axis=1)
    return CERTAIN * np.eye(len(LABELS))[_targets(train_scans)[nearest]]


def linear_probe(train: Floats, train_scans: list[Scan], test: Floats) -> Floats:
    """Standardized features; the L2 strength with the lowest loss over inner folds of people."""
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-6
    train, test = (train - mean) / deviation, (test - mean) / deviation
    targets = _targets(train_scans)
    subjects = np.array([scan.subject for scan in train_scans])
    held_out = [np.isin(subjects, fold) for fold in deal_folds(train_scans, seed=0, folds=3)]
    losses = [_inner_loss(train, targets, held_out, strength) for strength in STRENGTHS]
    best = STRENGTHS[int(np.argmin(losses))]
    return _fit_and_predict(train, targets, test, best)


def _inner_loss(train: Floats, targets: Ints, held_out: Sequence[NDArray[np.bool_]], strength: float) -> float:
    losses = [
        cross_entropy(_fit_and_predict(train[~out], targets[~out], train[out], strength), targets[out])
        for out in held_out
    ]
    return float(np.mean(losses))


def _fit_and_predict(train: Floats, targets: Ints, test: Floats, strength: float) -> Floats:
    from sklearn.linear_model import LogisticRegression

    probe = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(train, targets)
    # A label that nobody has on the training side gets a logit that no label is ranked below.
    logits = np.full((len(test), len(LABELS)), -CERTAIN)
    logits[:, probe.classes_] = probe.predict_log_proba(test)
    return logits


def _targets(scans: Sequence[Scan]) -> Ints:
    return np.array([scan.target for scan in scans], dtype=np.int64)


if __name__ == "__main__":
    raise SystemExit(main())
