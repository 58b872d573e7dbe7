"""A classified scan's logits against those of transformers, within the bound of the bundle's manifest.

python same_logits.py <checkpoint> <manifest.json> <scan> <result.json>
"""

import json
import sys
from pathlib import Path

import torch
from PIL import Image
from sulcus_training.processor import read_processor, to_pixel_values
from transformers import ViTForImageClassification

checkpoint, manifest, scan, result = map(Path, sys.argv[1:])
model = ViTForImageClassification.from_pretrained(checkpoint, dtype=torch.float32).eval()
pixels = to_pixel_values(read_processor(checkpoint, model.config.image_size), Image.open(scan))
with torch.inference_mode():
    expected = model(pixel_values=pixels.unsqueeze(0)).logits[0]
received = {score["label"]: score["logit"] for score in json.loads(result.read_text())["scores"]}
difference = max(abs(received[label] - expected[index].item()) for index, label in model.config.id2label.items())
bound = json.loads(manifest.read_text())["parity"]["bound"]
print(f"logits differ by {difference:.4f} at most, bound {bound:.4f}")
sys.exit(0 if len(received) == 4 and difference <= bound else 1)
