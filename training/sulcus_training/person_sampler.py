"""An epoch in which every person is seen equally often, and labels more evenly than they come."""

from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

from .scans import Scan, label_of_subjects


class PersonSampler(Sampler[int]):
    """Draws as many slices as there are, with replacement. A person's chance is `label frequency ^ -balance`: 0 draws
    everyone alike, 1 every label alike. Follows from (seed, epoch)."""

    def __init__(self, scans: Sequence[Scan], balance: float, seed: int) -> None:
        people = Counter(label_of_subjects(scans).values())
        slices = Counter(scan.subject for scan in scans)
        weights = [people[scan.label] ** -balance / slices[scan.subject] for scan in scans]
        self._weights = torch.tensor(weights, dtype=torch.float64)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by accelerate's data loader before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._weights)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        drawn = torch.multinomial(self._weights, len(self), replacement=True, generator=generator)
        return iter(drawn.tolist())
