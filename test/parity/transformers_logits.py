"""Logits of transformers for the checkpoints of variants.ts; made transformers-logits.json.

    npx tsx test/parity/write-checkpoints.ts /tmp/parity
    pip install torch transformers safetensors Pillow     # 2.13.0+cpu, 5.23.0, 0.8.0, 13.0.0 made the committed file
    python test/parity/transformers_logits.py /tmp/parity > test/parity/transformers-logits.json
    npx biome format --write test/parity
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from PIL import Image
from transformers import ViTForImageClassification, ViTImageProcessor


def logits_of(folder: Path) -> dict[str, list[float]]:
    model, loading = ViTForImageClassification.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if loading["missing_keys"] or loading["unexpected_keys"]:
        raise SystemExit(f"expected {folder.name} to have the weights of the model, received {loading}")
    processor = ViTImageProcessor.from_pretrained(folder)
    side = model.config.image_size
    result = {}
    for path in sorted(folder.glob("*.rgb")):
        image = Image.frombytes("RGB", (side, side), path.read_bytes())
        with torch.no_grad():
            logits = model.eval()(**processor(image, return_tensors="pt")).logits
        result[path.stem] = [round(x, 6) for x in logits[0].tolist()]
    return result


root = Path(sys.argv[1])
variants = {folder.name: logits_of(folder) for folder in sorted(root.iterdir()) if folder.is_dir()}
print(json.dumps({"transformers": transformers.__version__, "torch": torch.__version__, "logits": variants}))
