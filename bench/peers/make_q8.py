"""The q8 file that optimum makes for transformers.js, from a Hugging Face ViTForImageClassification folder.

torch.onnx export of the fp32 model, then ONNX Runtime's own dynamic quantization with unsigned 8-bit weights per
tensor (what `model_quantized.onnx` files on the Hub hold). Only the benchmark needs it.

    python make_q8.py <checkpoint folder> <output folder>
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import ViTForImageClassification


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).logits


def main(checkpoint: Path, out: Path) -> None:
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    model = ViTForImageClassification.from_pretrained(checkpoint, attn_implementation="eager", dtype=torch.float32).eval()
    size = model.config.image_size
    fp32 = out / "onnx" / "model.onnx"
    torch.onnx.export(
        Logits(model),
        (torch.zeros(1, 3, size, size),),
        str(fp32),
        input_names=["pixel_values"],
        output_names=["logits"],
        dynamic_axes={"pixel_values": {0: "batch_size"}, "logits": {0: "batch_size"}},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(str(fp32), str(out / "onnx" / "model_quantized.onnx"), weight_type=QuantType.QUInt8, per_channel=False)
    shutil.copy(checkpoint / "config.json", out / "config.json")
    preprocessor = json.loads((checkpoint / "preprocessor_config.json").read_text())
    preprocessor["image_processor_type"] = preprocessor["feature_extractor_type"] = "ViTFeatureExtractor"
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
