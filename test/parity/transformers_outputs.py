"""Outputs of transformers for the checkpoints of variants.ts; made transformers-outputs.json.

    npx tsx test/parity/write-checkpoints.ts /tmp/parity
    pip install torch transformers safetensors Pillow     # 2.13.0+cpu, 5.23.0, 0.8.0, 13.0.0 made the committed file
    python test/parity/transformers_outputs.py /tmp/parity > test/parity/transformers-outputs.json
    npx biome format --write test/parity
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from PIL import Image
from transformers import ViTForImageClassification, ViTModel
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil


def load(folder: Path, has_pooler: bool):
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    options = {"dtype": torch.float32, "output_loading_info": True}
    if architecture == "ViTModel":
        model, loading = ViTModel.from_pretrained(folder, add_pooling_layer=has_pooler, **options)
    else:
        model, loading = ViTForImageClassification.from_pretrained(folder, **options)
    unexpected = [key for key in loading["unexpected_keys"] if not key.startswith("vit.pooler.")]
    if loading["missing_keys"] or unexpected:
        raise SystemExit(f"expected {folder.name} to have the weights of the model, received {loading}")
    return model.eval()


def processor_of(folder: Path):
    file = json.loads((folder / "preprocessor_config.json").read_text())
    name = file.get("image_processor_type") or file.get("feature_extractor_type")
    return (DeiTImageProcessorPil if name.startswith("DeiT") else ViTImageProcessorPil).from_pretrained(folder)


def outputs_of(folder: Path) -> dict[str, dict[str, list[float]]]:
    variant = json.loads((folder / "variant.json").read_text())
    model = load(folder, variant["hasPooler"])
    processor = processor_of(folder)
    result = {}
    for path in sorted(folder.glob("*.rgb")):
        image = Image.frombytes("RGB", (variant["width"], variant["height"]), path.read_bytes())
        pixels = processor(image, return_tensors="pt")
        with torch.no_grad():
            outputs = model(**pixels, interpolate_pos_encoding=variant["isInterpolated"])
        values = {}
        if isinstance(model, ViTModel):
            values["features"] = outputs.last_hidden_state[:, 0]
            if outputs.pooler_output is not None:
                values["pooled"] = outputs.pooler_output
        else:
            values["logits"] = outputs.logits
        result[path.stem] = {name: [round(x, 6) for x in value[0].tolist()] for name, value in values.items()}
    return result


root = Path(sys.argv[1])
variants = {folder.name: outputs_of(folder) for folder in sorted(root.iterdir()) if folder.is_dir()}
print(json.dumps({"transformers": transformers.__version__, "torch": torch.__version__, "outputs": variants}))
