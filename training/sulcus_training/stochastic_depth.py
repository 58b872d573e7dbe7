"""Stochastic depth (arXiv:1603.09382): while training, a layer is skipped for some slices of a batch."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import ViTForImageClassification


def add_stochastic_depth(model: ViTForImageClassification, rate: float) -> None:
    """Hooks every layer; the chance to be skipped grows linearly from 0 to `rate` at the last one. What a layer adds is
    scaled up by the chance to stay, so that evaluation needs no change."""
    layers = model.vit.layers
    for index, layer in enumerate(layers):
        layer.register_forward_hook(_SkipLayer(rate * index / max(1, len(layers) - 1)))


class _SkipLayer:
    def __init__(self, chance: float) -> None:
        self.chance = chance

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        if not module.training or self.chance == 0:
            return output
        stays = 1 - self.chance
        mask = torch.rand(output.shape[0], 1, 1, device=output.device) < stays
        return args[0] + (output - args[0]) * (mask / stays).to(output.dtype)
