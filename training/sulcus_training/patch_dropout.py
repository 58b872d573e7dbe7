"""Patch dropout (arXiv:2208.07220): while training, the transformer sees only some of the patches, those with something
on them first. An MRI slice is half black; half the patches cost half the time."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import ViTForImageClassification

# Of 255 levels: what JPEG makes of black stays below.
BACKGROUND_LEVEL = 12


class PatchDropout:
    """Hooks the embeddings of a model. `keep` is the share of patches that stays; 1.0 switches it off.

    Draws from torch's generator, whose state the Trainer saves and restores.
    """

    def __init__(self, model: ViTForImageClassification, keep: float) -> None:
        self.keep = keep
        self.handle: RemovableHandle = model.vit.embeddings.register_forward_hook(self._drop, with_kwargs=True)
        self._patch = int(model.vit.embeddings.patch_embeddings.patch_size[0])

    def _drop(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], embeddings: Tensor) -> Tensor:
        if not module.training or self.keep >= 1.0:
            return embeddings
        pixel_values = kwargs["pixel_values"] if "pixel_values" in kwargs else args[0]
        return drop_patches(embeddings, pixel_values, self._patch, self.keep)


def drop_patches(embeddings: Tensor, pixel_values: Tensor, patch: int, keep: float) -> Tensor:
    """[batch, 1 + patches, hidden] with some of the patches, the [CLS] token first."""
    foreground = find_foreground(pixel_values, patch)
    kept = choose_patches(foreground, torch.rand(foreground.shape, device=foreground.device), keep)
    patches = embeddings[:, 1:].gather(1, kept.unsqueeze(-1).expand(-1, -1, embeddings.shape[-1]))
    return torch.cat([embeddings[:, :1], patches], dim=1)


def find_foreground(pixel_values: Tensor, patch: int) -> Tensor:
    """[batch, patches]: whether a patch of pixel_values [batch, 3, height, width], -1 to 1, shows anything."""
    brightest = torch.nn.functional.max_pool2d(pixel_values.float().amax(dim=1, keepdim=True), patch).flatten(1)
    return brightest > 2 * BACKGROUND_LEVEL / 255 - 1


def choose_patches(foreground: Tensor, order: Tensor, keep: float) -> Tensor:
    """Places, ascending, of round(keep x patches) patches along the last axis: those that show something first, by
    `order` [..., patches], random numbers of 0 to 1, then the others."""
    count = max(1, round(keep * foreground.shape[-1]))
    return (order + foreground).topk(count, dim=-1).indices.sort(dim=-1).values
