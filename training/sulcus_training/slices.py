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


class SliceDataset(Dataset[dict[str, Any]]):
    """Reads all files once (16 MB for the 4,896 slices) and decodes on demand.

    What augmentation makes of a slice follows from (seed, epoch, index): not from the number of workers, nor from where
    a run was interrupted.
    """

    def __init__(
        self,
        folder: Path,
        scans: Sequence[Scan],
        processor: ViTImageProcessorPil,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        self.scans = list(scans)
        self._files = [(folder / scan.file).read_bytes() for scan in scans]
        self._processor = processor
        self._augmentation = augmentation if augmentation is not None and augmentation.active else None
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch that what is read next belongs to."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self.scans)

    def __getitem__(self, index: int) -> dict[str, Any]:
        image: Image.Image = Image.open(io.BytesIO(self._files[index]))
        if self._augmentation is not None:
            generator = np.random.default_rng((self._seed, self._epoch, index))
            image = augment(image.convert("L"), self._augmentation, generator)
        return {
            "pixel_values": to_pixel_values(self._processor, image),
            "labels": torch.tensor(self.scans[index].target),
        }
