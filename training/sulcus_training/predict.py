"""Logits and features of a checkpoint on slices, outside the Trainer."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import ViTForImageClassification
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from .metrics import Floats
from .scans import Scan
from .slices import SliceDataset

BATCH = 32


def to_device(model: ViTForImageClassification, device: torch.device) -> ViTForImageClassification:
    """`model.to(device)`, whose decorated type says less than it does."""
    nn.Module.to(model, device)
    return model


def predict_logits(
    model: ViTForImageClassification,
    processor: ViTImageProcessorPil,
    data: Path,
    scans: Sequence[Scan],
    device: torch.device,
) -> Floats:
    """[n, labels], fp32 arithmetic."""
    model = to_device(model, device).eval()
    batches = _batches(processor, data, scans, device)
    return _gather(model(pixel_values=pixels).logits for pixels in batches)


def extract_features(
    model: ViTForImageClassification,
    processor: ViTImageProcessorPil,
    data: Path,
    scans: Sequence[Scan],
    device: torch.device,
) -> Floats:
    """[n, hidden]: the [CLS] token after the final norm, as the product's features."""
    backbone = to_device(model, device).vit.eval()
    batches = _batches(processor, data, scans, device)
    return _gather(backbone(pixel_values=pixels).last_hidden_state[:, 0] for pixels in batches)


def _batches(
    processor: ViTImageProcessorPil, data: Path, scans: Sequence[Scan], device: torch.device
) -> Iterator[Tensor]:
    for batch in DataLoader(SliceDataset(data, scans, processor), batch_size=BATCH):
        yield batch["pixel_values"].to(device)


@torch.inference_mode()
def _gather(outputs: Iterator[Tensor]) -> Floats:
    return np.concatenate([output.float().cpu().numpy().astype(np.float64) for output in outputs])
