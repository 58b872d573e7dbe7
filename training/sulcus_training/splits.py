"""Who is trained on and who is held out. Both protocols, from `scans.csv` and a seed alone."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .scans import Scan, label_of_subjects

Protocol = Literal["card", "subject-folds", "all"]
PROTOCOLS: tuple[Protocol, ...] = ("card", "subject-folds", "all")
FOLDS = 5
CARD_TENTH = 10


@dataclass(frozen=True)
class Split:
    """`stop` are people of the training side kept back to say when to stop; nobody is in two of the three lists, and
    under the card's protocol no slice is."""

    train: list[Scan]
    test: list[Scan]
    stop: list[Scan] = field(default_factory=list)


def deal_folds(scans: Sequence[Scan], seed: int, folds: int = FOLDS) -> list[list[str]]:
    """People dealt to folds, label by label, each label going on where the one before it ended.

    Folds differ by one person at most, per label as well. A label of two people (Moderate_Demented) is in two folds:
    each of the two is then predicted by a model that saw the other one alone, and three folds test none.
    """
    by_label: dict[str, list[str]] = {}
    for subject, label in label_of_subjects(scans).items():
        by_label.setdefault(label, []).append(subject)
    shuffler = random.Random(seed)
    dealt: list[list[str]] = [[] for _ in range(folds)]
    place = 0
    for label in sorted(by_label):
        subjects = by_label[label]
        shuffler.shuffle(subjects)
        for subject in subjects:
            dealt[place % folds].append(subject)
            place += 1
    return [sorted(fold) for fold in dealt]


def split_by_people(scans: Sequence[Scan], fold: int, seed: int, folds: int = FOLDS) -> Split:
    """The people of one fold held out, all others trained on."""
    if not 0 <= fold < folds:
        raise ValueError(f"expected a fold from 0 to {folds - 1}, received {fold}")
    held_out = set(deal_folds(scans, seed, folds)[fold])
    return Split(
        train=[scan for scan in scans if scan.subject not in held_out],
        test=[scan for scan in scans if scan.subject in held_out],
    )


def split_by_slices(scans: Sequence[Scan], seed: int) -> Split:
    """The seed card's protocol: a random tenth of the slices held out, so of people who are trained on."""
    shuffled = sorted(scans, key=lambda scan: scan.file)
    random.Random(seed).shuffle(shuffled)
    held_out = {scan.file for scan in shuffled[: len(shuffled) // CARD_TENTH]}
    return Split(
        train=[scan for scan in scans if scan.file not in held_out],
        test=[scan for scan in scans if scan.file in held_out],
    )


def make_split(scans: Sequence[Scan], protocol: Protocol, fold: int, seed: int) -> Split:
    """The split of a protocol; `all` holds nobody out."""
    if protocol == "card":
        return split_by_slices(scans, seed)
    if protocol == "subject-folds":
        return split_by_people(scans, fold, seed)
    return Split(train=list(scans), test=[])


def keep_people_back(split: Split, share: float, seed: int) -> Split:
    """Moves a share of the people of the training side to `stop`, stratified; labels of fewer than four people stay."""
    counts: dict[str, int] = {}
    for label in label_of_subjects(split.train).values():
        counts[label] = counts.get(label, 0) + 1
    choosable = [scan for scan in split.train if counts[scan.label] >= 4]
    kept = set(deal_folds(choosable, seed + 1, max(2, round(1 / share)))[0])
    return Split(
        train=[scan for scan in split.train if scan.subject not in kept],
        test=split.test,
        stop=[scan for scan in split.train if scan.subject in kept],
    )
