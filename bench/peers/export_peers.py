"""A checkpoint as the peers take it: ONNX in fp32 and as two dynamic quantizations, from a Hugging Face
ViTForImageClassification folder. Only the benchmark needs it (torch, transformers, onnx, onnxruntime).

    python export_peers.py <checkpoint folder> <output folder>

onnx/model.onnx            fp32, the plain export; transformers.js loads it as dtype fp32
onnx/model_quantized.onnx  unsigned 8-bit weights per tensor, what optimum makes and the Hub's files of that name hold
onnx/model_dynamic.onnx    the fastest form quantize_dynamic gives: signed 8-bit weights per channel. Products only: ONNX
                           Runtime has no ConvInteger for signed weights
"""

import json
import shutil
import sys
from pathlib import Path

import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).logits


def export(checkpoint: Path, file: Path) -> None:
    model = transformers.ViTForImageClassification.from_pretrained(
        checkpoint, attn_implementation="eager", dtype=torch.float32, local_files_only=True
    ).eval()
    size = model.config.image_size
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    torch.onnx.export(
        Logits(model),
        (torch.zeros(1, 3, height, width),),
        str(file),
        input_names=["pixel_values"],
        output_names=["logits"],
        dynamic_axes={"pixel_values": {0: "batch_size"}, "logits": {0: "batch_size"}},
        opset_version=17,
        dynamo=False,
    )


def main(checkpoint: Path, out: Path) -> None:
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    fp32 = out / "onnx" / "model.onnx"
    export(checkpoint, fp32)
    quantize_dynamic(str(fp32), str(out / "onnx" / "model_quantized.onnx"), weight_type=QuantType.QUInt8, per_channel=False)
    quantize_dynamic(
        str(fp32),
        str(out / "onnx" / "model_dynamic.onnx"),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    shutil.copy(checkpoint / "config.json", out / "config.json")
    preprocessor = json.loads((checkpoint / "preprocessor_config.json").read_text())
    preprocessor["image_processor_type"] = preprocessor["feature_extractor_type"] = "ViTFeatureExtractor"
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2))
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "onnxruntime (Python, quantizes)": onnxruntime.__version__}
    (out / "versions.json").write_text(json.dumps(versions))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
