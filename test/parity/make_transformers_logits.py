"""Logits of the tiny checkpoints as Hugging Face transformers computes them: the reference that is not ours.

    python test/parity/make_transformers_logits.py          writes transformers-logits.json anew
    python test/parity/make_transformers_logits.py --check  compares with the file instead

Needs torch, transformers, safetensors and Pillow, and node with this repository's packages, which writes the checkpoints.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch
import transformers
from PIL import Image
from transformers import ViTForImageClassification, ViTImageProcessor

HERE = Path(__file__).parent
FIXTURE = HERE / "transformers-logits.json"
IMAGES = 3


def parity_image(index, side):
    at = numpy.arange(side * side * 3, dtype=numpy.int64)
    values = (at * at * 7 + at * (13 + index) + index * 101 + (at >> 5) * 29) & 255
    return Image.fromarray(values.astype(numpy.uint8).reshape(side, side, 3), "RGB")


def logits_of(folder):
    model, loading = ViTForImageClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    if loading["missing_keys"] or loading["unexpected_keys"]:
        raise SystemExit(f"expected every weight of {folder.name} to fit, received {loading}")
    processor = ViTImageProcessor.from_pretrained(folder)
    images = [parity_image(index, model.config.image_size) for index in range(IMAGES)]
    with torch.inference_mode():
        logits = model.eval()(**processor(images, return_tensors="pt")).logits
    return [[round(value, 6) for value in row] for row in logits.tolist()]


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npx", "tsx", str(HERE / "write-checkpoints.ts"), folder], cwd=HERE, check=True)
        logits = {path.name: logits_of(path) for path in sorted(Path(folder).iterdir())}
    if "--check" in sys.argv:
        expected = json.loads(FIXTURE.read_text())["logits"]
        if list(expected) != list(logits):
            raise SystemExit(f"expected the cases {list(expected)}, received {list(logits)}")
        worst = max(numpy.abs(numpy.subtract(expected[name], logits[name])).max() for name in logits)
        print(f"{len(logits)} cases, largest difference {worst:.1e}")
        raise SystemExit(0 if worst < 1e-4 else 1)
    made_by = {"transformers": transformers.__version__, "torch": torch.__version__}
    FIXTURE.write_text(json.dumps({"madeBy": made_by, "logits": logits}, indent=1) + "\n")
    subprocess.run(["npx", "biome", "format", "--write", str(FIXTURE)], cwd=HERE, check=True)


main()
