"""Slices as the Trainer takes them: `{pixel_values, labels}`, augmented by seed, epoch and place alone."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from .augmentation import Augmentation, augment
from .processor import to_pixel_values
from .scans import Scan


class SeededSlices(Dataset[dict[str, Any]]):
    """Labelled slices, of which whatever is random follows from (seed, epoch, index): not from the number of workers,
    nor from where a run was interrupted."""

    def __init__(self, scans: Sequence[Scan], seed: int) -> None:
        self._scans = list(scans)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch that what is read next belongs to."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._scans)

    def random(self, index: int) -> np.random.Generator:
        """The generator of one slice in this epoch."""
        return np.random.default_rng((self._seed, self._epoch, index))

    def label(self, index: int) -> torch.Tensor:
        """Its place among the labels."""
        return torch.tensor(self._scans[index].target)


class SliceDataset(SeededSlices):
    """Reads all files once (16 MB for the 4,896 slices), decodes and augments on demand."""

    def __init__(
        self,
        folder: Path,
        scans: Sequence[Scan],
        processor: ViTImageProcessorPil,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(scans, seed)
        self._files = [(folder / scan.file).read_bytes() for scan in scans]
        self._processor = processor
        self._augmentation = augmentation if augmentation is not None and augmentation.active else None

    def __getitem__(self, index: int) -> dict[str, Any]:
        image: Image.Image = Image.open(io.BytesIO(self._files[index]))
        if self._augmentation is not None:
            image = augment(image.convert("L"), self._augmentation, self.random(index))
        return {"pixel_values": to_pixel_values(self._processor, image), "labels": self.label(index)}
