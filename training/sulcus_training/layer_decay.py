"""Layer-wise learning-rate decay (arXiv:2106.08254, appendix): lower layers, which know images already, move less."""

from collections.abc import Iterable
from typing import Any

from torch import nn
from transformers import ViTForImageClassification

HEAD = "classifier."


def layer_scale(name: str, layers: int, decay: float, head: float) -> float:
    """Factor of the learning rate for a parameter: 1 for the last norm, decay^k for what lies k blocks below it, `head`
    for the classifier."""
    if name.startswith(HEAD):
        return head
    if name.startswith("vit.embeddings."):
        return float(decay ** (layers + 1))
    if name.startswith("vit.layers."):
        return float(decay ** (layers - int(name.split(".")[2])))
    return 1.0


def parameter_groups(
    model: ViTForImageClassification, learning_rate: float, weight_decay: float, decay: float, head: float
) -> list[dict[str, Any]]:
    """Groups for torch's optimizers, one per rate and weight decay; vectors (norms, biases) have no weight decay."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in _trainable(model):
        scale = layer_scale(name, model.config.num_hidden_layers, decay, head)
        groups.setdefault((scale, parameter.dim() > 1), []).append(parameter)
    return [
        {"params": parameters, "lr": learning_rate * scale, "weight_decay": weight_decay if decays else 0.0}
        for (scale, decays), parameters in groups.items()
    ]


def _trainable(model: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
