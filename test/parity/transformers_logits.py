"""Logits of transformers for the checkpoints of variants.ts; made transformers-logits.json.

    npx tsx test/parity/write-checkpoints.ts /tmp/parity
    pip install torch transformers safetensors     # 2.13.0+cpu, 5.23.0, 0.8.0 made the committed file
    python test/parity/transformers_logits.py /tmp/parity > test/parity/transformers-logits.json
    npx biome format --write test/parity
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import ViTForImageClassification


def logits_of(folder: Path) -> dict[str, list[float]]:
    config = json.loads((folder / "config.json").read_text())
    processor = json.loads((folder / "preprocessor_config.json").read_text())
    model = ViTForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()
    side = config["image_size"]
    mean = torch.tensor(processor["image_mean"]).view(3, 1, 1)
    std = torch.tensor(processor["image_std"]).view(3, 1, 1)
    result = {}
    for path in sorted(folder.glob("*.rgb")):
        pixels = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8).view(side, side, 3)
        values = (pixels.permute(2, 0, 1).float() * processor["rescale_factor"] - mean) / std
        with torch.no_grad():
            result[path.stem] = [round(x, 6) for x in model(values[None]).logits[0].tolist()]
    return result


root = Path(sys.argv[1])
variants = {folder.name: logits_of(folder) for folder in sorted(root.iterdir()) if folder.is_dir()}
print(json.dumps({"transformers": transformers.__version__, "torch": torch.__version__, "logits": variants}))
