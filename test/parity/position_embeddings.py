"""Position embeddings as transformers interpolates them; made position-embeddings.json.

    pip install torch transformers     # 2.13.0+cpu, 5.23.0 made the committed file
    python test/parity/position_embeddings.py > test/parity/position-embeddings.json
    npx biome format --write test/parity
"""

import json

import torch
import transformers
from transformers import ViTConfig, ViTModel

PATCH = 8
CHANNELS = 2
# Side of the checkpoint's grid, and the [height, width] that it is asked for.
CASES = [
    (4, [7, 7]),
    (4, [3, 3]),
    (4, [4, 9]),
    (5, [2, 8]),
    (3, [1, 1]),
    (1, [3, 2]),
    (14, [16, 11]),
    (7, [12, 12]),
]


def positions(side: int) -> torch.Tensor:
    """Multiples of 1/32 from -1 to 1, the same as in interpolate-positions.test.ts."""
    rows = torch.arange(1 + side * side).unsqueeze(1)
    channels = torch.arange(CHANNELS).unsqueeze(0)
    return (((37 * rows + 17 * rows * rows + 29 * channels * (rows + 1)) % 64) / 32 - 1).unsqueeze(0).float()


def interpolated(side: int, height: int, width: int) -> list[float]:
    config = ViTConfig(
        hidden_size=CHANNELS, num_hidden_layers=1, num_attention_heads=1, intermediate_size=2,
        image_size=side * PATCH, patch_size=PATCH,
    )
    embeddings = ViTModel(config).embeddings
    embeddings.position_embeddings.data = positions(side)
    tokens = torch.zeros(1, 1 + height * width, CHANNELS)
    with torch.no_grad():
        result = embeddings.interpolate_pos_encoding(tokens, height * PATCH, width * PATCH)
    return [round(value, 7) for value in result.flatten().tolist()]


cases = [{"side": side, "to": to, "values": interpolated(side, *to)} for side, to in CASES]
print(json.dumps({"transformers": transformers.__version__, "torch": torch.__version__, "cases": cases}))
