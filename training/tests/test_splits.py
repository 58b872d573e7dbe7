from collections import Counter
from pathlib import Path

import pytest

from sulcus_training.scans import Scan, hash_data, label_of_subjects, read_scans
from sulcus_training.splits import deal_folds, keep_people_back, make_split, split_by_people, split_by_slices


def people_of(scans: list[Scan]) -> set[str]:
    return {scan.subject for scan in scans}


def make_scans(people: dict[str, int], slices: int = 4) -> list[Scan]:
    return [
        Scan(f"{label}-{person}-{number}.png", label, f"{label}-{person}")
        for label, count in people.items()
        for person in range(count)
        for number in range(slices)
    ]


SCANS = make_scans({"Mild_Demented": 13, "Moderate_Demented": 2, "Non_Demented": 42, "Very_Mild_Demented": 28})


def test_every_person_is_held_out_by_one_fold_and_trained_on_by_the_others() -> None:
    splits = [split_by_people(SCANS, fold, seed=3) for fold in range(5)]

    held_out = Counter(person for split in splits for person in people_of(split.test))
    assert held_out == Counter(people_of(SCANS))
    for split in splits:
        assert not people_of(split.train) & people_of(split.test)
        assert len(split.train) + len(split.test) == len(SCANS)


def test_folds_differ_by_one_person_of_a_label_at_most() -> None:
    folds = deal_folds(SCANS, seed=3)

    labels = label_of_subjects(SCANS)
    for label in set(labels.values()):
        counts = [sum(labels[person] == label for person in fold) for fold in folds]
        assert max(counts) - min(counts) <= 1
    assert max(map(len, folds)) - min(map(len, folds)) <= 1


def test_the_two_people_of_a_rare_label_are_in_two_folds() -> None:
    folds = deal_folds(SCANS, seed=3)

    assert sum(any(person.startswith("Moderate") for person in fold) for fold in folds) == 2


def test_splits_follow_from_seed_and_scans_whatever_their_order() -> None:
    assert split_by_people(SCANS, 1, seed=0) == split_by_people(SCANS, 1, seed=0)
    assert deal_folds(SCANS[::-1], seed=0) == deal_folds(SCANS, seed=0)
    assert deal_folds(SCANS, seed=1) != deal_folds(SCANS, seed=0)
    in_reverse = split_by_slices(SCANS[::-1], seed=0)
    assert {scan.file for scan in in_reverse.test} == {scan.file for scan in split_by_slices(SCANS, seed=0).test}


def test_card_protocol_holds_a_tenth_of_the_slices_out() -> None:
    split = make_split(SCANS, "card", fold=0, seed=0)

    assert len(split.test) == len(SCANS) // 10
    assert not {scan.file for scan in split.train} & {scan.file for scan in split.test}
    assert people_of(split.test) <= people_of(split.train)


def test_all_holds_nobody_out() -> None:
    split = make_split(SCANS, "all", fold=0, seed=0)

    assert (len(split.train), split.test) == (len(SCANS), [])


def test_people_kept_back_are_neither_trained_on_nor_tested() -> None:
    split = keep_people_back(split_by_people(SCANS, 0, seed=0), share=0.15, seed=0)

    sides = [people_of(side) for side in (split.train, split.stop, split.test)]
    assert sum(map(len, sides)) == len(people_of(SCANS)) == len(set.union(*sides))
    assert 0.1 < len(sides[1]) / (len(sides[0]) + len(sides[1])) < 0.2
    assert not any(scan.label == "Moderate_Demented" for scan in split.stop)


def test_a_fold_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a fold from 0 to 4, received 5"):
        split_by_people(SCANS, 5, seed=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na.png,Mild_Demented\n", "expected columns"),
        ("file,label,subject\n", "expected slices"),
        ("file,label,subject\na,Mild_Demented,1\na,Mild_Demented,1\n", "expected each file once"),
        ("file,label,subject\na,Mild,1\n", "received Mild"),
        ("file,label,subject\na,Mild_Demented,1\nb,Non_Demented,1\n", "expected one label for 1"),
    ],
)
def test_scans_that_cannot_be_right_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "scans.csv").write_text(text)

    with pytest.raises(ValueError, match=message):
        read_scans(tmp_path)


def test_data_hash_follows_contents_labels_and_people(data: Path) -> None:
    scans = read_scans(data)
    first, *rest = scans

    assert hash_data(data, scans) == hash_data(data, read_scans(data))
    assert hash_data(data, [Scan(first.file, first.label, "another"), *rest]) != hash_data(data, scans)
