"""The fp32 ONNX export as OpenVINO int8 IR, by NNCF's post-training quantization for transformers (static activation
scales from calibration images, SmoothQuant on). Only the benchmark needs it (openvino, nncf, onnx, numpy).

    python quantize_openvino.py <model.onnx> <preprocessor_config.json> <images.bin> <output folder>

images.bin: u8 [n, height, width, 3], already resized.
"""

import json
import sys
from pathlib import Path

import nncf
import numpy as np
import openvino as ov


def main(onnx: Path, processor_file: Path, images: Path, out: Path) -> None:
    processor = json.loads(processor_file.read_text())
    model = ov.convert_model(str(onnx))
    _, channels, height, width = model.inputs[0].partial_shape
    height, width = height.get_length(), width.get_length()
    model.reshape([1, 3, height, width])
    pixels = np.fromfile(images, np.uint8).reshape(-1, height, width, 3)
    mean = np.array(processor["image_mean"], np.float32)
    std = np.array(processor["image_std"], np.float32)
    values = ((pixels.astype(np.float32) / 255 - mean) / std).transpose(0, 3, 1, 2)
    dataset = nncf.Dataset([np.ascontiguousarray(value[None]) for value in values])
    quantized = nncf.quantize(model, dataset, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(values))
    out.mkdir(parents=True, exist_ok=True)
    ov.save_model(quantized, out / "model.xml")
    versions = {"openvino": ov.__version__, "nncf": nncf.__version__}
    (out / "versions.json").write_text(json.dumps(versions))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:5]))
