"""The image processor of every checkpoint made here: Pillow's, as the product follows it bit for bit."""

import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

PROCESSOR_FILE = "preprocessor_config.json"


def create_processor(size: Any) -> ViTImageProcessorPil:
    """Bilinear to size x size, then 0.5/0.5: the ViT processor's own defaults."""
    return ViTImageProcessorPil(
        do_resize=True,
        size={"height": size, "width": size},
        resample=Image.Resampling.BILINEAR,
        do_rescale=True,
        do_normalize=True,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )


def read_processor(checkpoint: Path, size: Any) -> ViTImageProcessorPil:
    """The checkpoint's own processor where it has one: other normalisation would make it another model."""
    if (checkpoint / PROCESSOR_FILE).is_file():
        return ViTImageProcessorPil.from_pretrained(checkpoint)
    return create_processor(size)


def write_processor(processor: ViTImageProcessorPil, folder: Path) -> None:
    """`preprocessor_config.json` with the keys that every release of transformers, and the product, reads."""
    config = {
        key: getattr(processor, key)
        for key in ("do_resize", "resample", "do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std")
    }
    config["resample"] = int(config["resample"])
    config["size"] = {"height": processor.size["height"], "width": processor.size["width"]}
    config["image_processor_type"] = "ViTImageProcessor"
    text = json.dumps(config, indent=2, sort_keys=True, default=list)
    (folder / PROCESSOR_FILE).write_text(f"{text}\n", encoding="utf-8")


def to_pixel_values(processor: ViTImageProcessorPil, image: Image.Image) -> torch.Tensor:
    """float32 [3, height, width] of one image."""
    return processor(images=[image.convert("RGB")], return_tensors="pt")["pixel_values"][0]
