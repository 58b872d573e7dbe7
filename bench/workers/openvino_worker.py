"""OpenVINO on a quantized IR, with Pillow before it; speaks the protocol of serve.mjs."""

import json
import sys
import time

import numpy as np
import openvino as ov
from PIL import Image, __version__ as pillow_version


def main(settings: dict) -> None:
    core = ov.Core()
    # The latency hint is OpenVINO's own choice for one request at a time; where its threads run is left to it. The cache
    # of compiled models takes two thirds off its opening (ViT-B: 1,050 to 375 ms).
    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": settings["threads"],
        "CACHE_DIR": settings["cache"],
    }
    request = core.compile_model(settings["model"], "CPU", config).create_infer_request()
    processor, (height, width) = settings["processor"], settings["size"]
    scale = 1 / (255 * np.array(processor["image_std"], np.float32))
    shift = np.array(processor["image_mean"], np.float32) / np.array(processor["image_std"], np.float32)
    state = {}

    def to_input(pixels):
        return np.ascontiguousarray((pixels * scale - shift).transpose(2, 0, 1)[None], np.float32)

    def run(value):
        return next(iter(request.infer({0: value}, share_inputs=True).values()))[0]

    def image(path):
        with Image.open(path) as file:
            resized = file.convert("RGB").resize((width, height), processor.get("resample", 2))
        return run(to_input(np.asarray(resized)))

    def prepare(path):
        state["input"] = to_input(np.fromfile(path, np.uint8).reshape(height, width, 3))

    ops = {"session": lambda _: run(state["input"]), "image": image, "logits": image}

    def send(message):
        print(json.dumps(message), flush=True)

    image(settings["image"])
    send({"ready": True, "versions": {"openvino": ov.__version__, "pillow": pillow_version}})
    for line in sys.stdin:
        message = json.loads(line)
        if message["op"] == "session":
            prepare(message["path"])
        ms = []
        for _ in range(message["times"]):
            start = time.perf_counter()
            logits = ops[message["op"]](message["path"])
            ms.append((time.perf_counter() - start) * 1000)
        send({"ms": ms, "logits": [float(value) for value in logits]})


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
