"""Compiles checkpoints of real sizes, random weights and one trained, and holds the bundles to transformers.

    pip install torch transformers safetensors Pillow     # torch 2.13.0+cpu, transformers 5.23.0, Pillow 13.0.0
    python test/parity/full_size.py [case...]

For each: the processor bit for bit, every output of the fp32 bundle within 1e-4 of the largest value, every output of the
int8 bundle within the bound of its manifest. Not part of the tests: the two Google models take minutes and gigabytes.
"""

import argparse
import base64
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import ViTConfig, ViTForImageClassification, ViTModel
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil
from transformers.utils import logging

ROOT = Path(__file__).resolve().parents[2]
TRAINED = ROOT.parent / "shared" / "checkpoint"
FIXTURES = ROOT / "test" / "fixtures"
IMAGES = [
    FIXTURES / "icbm152-axial.jpg",
    FIXTURES / "golden/images/circles-512x512.png",
    FIXTURES / "golden/images/edges-500x333.png",
    FIXTURES / "golden/images/noise-31x17.png",
]

# The files of google/vit-base-patch16-224-in21k and google/vit-large-patch16-224 on the Hub, and of DeiT.
VIT_PROCESSOR = {
    "do_normalize": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": 224,
}
DEIT_PROCESSOR = {
    "crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True,
    "feature_extractor_type": "DeiTFeatureExtractor", "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": 256,
}
BASE = dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072)
LARGE = dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096)
HUGE = dict(hidden_size=1280, num_hidden_layers=2, num_attention_heads=16, intermediate_size=5120)
SMALL = dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=6, intermediate_size=1536)


@dataclass
class Case:
    config: dict = field(default_factory=dict)
    labels: int | None = 1000
    pooler: bool = False
    processor: dict = field(default_factory=lambda: VIT_PROCESSOR)
    dtype: torch.dtype = torch.float32
    shard: str = "50GB"
    outliers: int = 0
    image_size: tuple[int, int] | None = None


CASES = {
    "google/vit-base-patch16-224-in21k": Case(BASE, labels=None, pooler=True),
    "google/vit-large-patch16-224": Case(LARGE),
    "base-in21k-at-384": Case(BASE | dict(num_hidden_layers=3), labels=None, pooler=True, image_size=(384, 384)),
    "base-in21k-at-192x320": Case(BASE | dict(num_hidden_layers=2), labels=None, image_size=(192, 320)),
    "huge-patch14-sharded": Case(HUGE | dict(patch_size=14), shard="40MB"),
    "small-patch8": Case(SMALL | dict(num_hidden_layers=2, patch_size=8)),
    "base-patch32-384-fp16": Case(
        BASE | dict(num_hidden_layers=3, patch_size=32, image_size=384), processor=VIT_PROCESSOR | {"size": 384}, dtype=torch.float16
    ),
    "base-patch16-512-bf16": Case(
        BASE | dict(num_hidden_layers=1, image_size=512), processor=VIT_PROCESSOR | {"size": 512}, dtype=torch.bfloat16
    ),
    "small-outliers": Case(SMALL, outliers=6),
    "small-quick-gelu-no-bias": Case(SMALL | dict(hidden_act="quick_gelu", qkv_bias=False, layer_norm_eps=1e-5)),
    "tiny-21843-labels": Case(
        dict(hidden_size=192, num_hidden_layers=2, num_attention_heads=3, intermediate_size=768), labels=21_843
    ),
    "facebook/deit-base-patch16-224": Case(BASE | dict(num_hidden_layers=3), processor=DEIT_PROCESSOR),
    "trained": Case(),
}


def randomize(model: torch.nn.Module, outliers: int) -> None:
    """Weights by which outputs differ between images; outlier channels as large trained models have them."""
    generator = torch.Generator().manual_seed(1)
    normal = lambda tensor, deviation, mean=0.0: tensor.data.copy_(mean + deviation * torch.randn(tensor.shape, generator=generator))
    for name, tensor in model.named_parameters():
        if name.endswith("layernorm.weight") or "layernorm_" in name and name.endswith("weight"):
            normal(tensor, 0.2, 1.0)
            if "layernorm_" in name:
                tensor.data[: outliers * 7 : 7] = 40
        elif tensor.dim() == 2:
            normal(tensor, tensor.shape[1] ** -0.5)
            if any(part in name for part in ("q_proj", "k_proj", "v_proj", "fc1")):
                tensor.data[:, : outliers * 7 : 7] /= 20
        elif tensor.dim() == 4:
            normal(tensor, (tensor.shape[1] * tensor.shape[2] * tensor.shape[3]) ** -0.5)
        else:
            normal(tensor, 0.1)


def write_checkpoint(case: Case, folder: Path) -> None:
    labels = {} if case.labels is None else {"num_labels": case.labels}
    config = ViTConfig(**case.config, **labels)
    if case.labels is None:
        model = ViTModel(config, add_pooling_layer=case.pooler)
    else:
        model = ViTForImageClassification(config)
    randomize(model, case.outliers)
    model.to(case.dtype).save_pretrained(folder, max_shard_size=case.shard)
    (folder / "preprocessor_config.json").write_text(json.dumps(case.processor))


def load(case: Case, folder: Path):
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    if architecture == "ViTModel":
        return ViTModel.from_pretrained(folder, add_pooling_layer=case.pooler, dtype=torch.float32).eval()
    return ViTForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()


def processor_of(bundle: Path, **options):
    file = json.loads((bundle / "preprocessor_config.json").read_text())
    name = file.get("image_processor_type") or file.get("feature_extractor_type") or "ViT"
    return (DeiTImageProcessorPil if name.startswith("DeiT") else ViTImageProcessorPil).from_pretrained(bundle, **options)


def node(*command: str) -> subprocess.CompletedProcess:
    done = subprocess.run(["node", *command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"expected node {' '.join(command)} to succeed, received {done.returncode}: {done.stderr[-2000:]}")
    return done


def compile_bundle(case: Case, checkpoint: Path, bundle: Path, scheme: str) -> dict:
    size = [] if case.image_size is None else ["--image-size", "x".join(map(str, case.image_size))]
    command = ["bin/sulcus.js", "compile", str(checkpoint), "--out", str(bundle), "--name", "parity"]
    return json.loads(node(*command, "--quantize", scheme, "--json", *size).stdout)


def run_bundle(bundle: Path, folder: Path) -> list[dict]:
    answer = folder / "answer.json"
    node("--import", "tsx", "test/parity/run-bundle.ts", str(bundle), str(answer), *map(str, IMAGES))
    return json.loads(answer.read_text())


def require(condition: bool, message: str) -> None:
    if not condition:
        raise SystemExit(f"FAILED: {message}")


def check_processor(bundle: Path, answers: list[dict]) -> None:
    raw, whole = processor_of(bundle, do_rescale=False, do_normalize=False), processor_of(bundle)
    for path, answer in zip(IMAGES, answers):
        image = Image.open(path).convert("RGB")
        received = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8)
        received = received.reshape(answer["height"], answer["width"], 3).transpose(2, 0, 1)
        require(np.array_equal(received, raw(image)["pixel_values"][0]), f"pixels of {path.name} bit for bit")
        values = (received.astype(np.float64) * whole.rescale_factor).astype(np.float32)
        mean, std = (np.array(v, np.float32)[:, None, None] for v in (whole.image_mean, whole.image_std))
        require(np.array_equal((values - mean) / std, whole(image)["pixel_values"][0]), f"values of {path.name} bit for bit")


def expected_outputs(case: Case, model, bundle: Path) -> list[dict[str, np.ndarray]]:
    processor = processor_of(bundle)
    result = []
    for path in IMAGES:
        pixels = processor(Image.open(path).convert("RGB"), return_tensors="pt")
        with torch.no_grad():
            options = dict(interpolate_pos_encoding=case.image_size is not None, output_attentions=True)
            outputs = model(**pixels, **options)
        values = {"attention": outputs.attentions[-1][0, :, 0]}
        if isinstance(model, ViTModel):
            values["features"] = outputs.last_hidden_state[0, 0]
            if outputs.pooler_output is not None:
                values["pooled"] = outputs.pooler_output[0]
        else:
            values["logits"] = outputs.logits[0]
        result.append({name: value.numpy().ravel() for name, value in values.items()})
    return result


def largest_difference(answers: list[dict], expected: list[dict], name: str) -> tuple[float, float, float]:
    """The largest and the mean difference, and the largest value."""
    pairs = [(np.array(a["outputs"][name]), e[name]) for a, e in zip(answers, expected)]
    differences = np.concatenate([np.abs(a - e) for a, e in pairs])
    return differences.max(), differences.mean(), max(np.abs(e).max() for _, e in pairs)


def check_int8(answers: list[dict], expected: list[dict], manifest: dict, offset: np.ndarray) -> str:
    parity = manifest["parity"]
    require(not parity["exceeded"], "int8 within its bound on the images of the compiler")
    if "logits" in expected[0]:
        largest, mean, _ = largest_difference(answers, expected, "logits")
        require(largest <= parity["bound"] and mean <= parity["meanBound"], f"int8 logits within {parity}, received {largest}, {mean}")
        return f"int8 largest {largest / parity['bound']:.0%}, mean {mean / parity['meanBound']:.0%} of the bound"
    cosines = []
    for answer, values in zip(answers, expected):
        a, b = np.array(answer["outputs"]["features"]) - offset, values["features"] - offset
        cosines.append(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    require(min(cosines) >= parity["bound"], f"int8 features with a cosine of {parity['bound']}, received {cosines}")
    return f"int8 cosine {min(cosines):.4f} (bound {parity['bound']:.2f})"


def check(name: str, case: Case, folder: Path) -> str:
    checkpoint = TRAINED if name == "trained" else folder / "checkpoint"
    if name != "trained":
        write_checkpoint(case, checkpoint)
    bundles = {scheme: folder / scheme for scheme in ("fp32", "int8")}
    start = time.monotonic()
    manifests = {scheme: compile_bundle(case, checkpoint, bundle, scheme) for scheme, bundle in bundles.items()}
    seconds = time.monotonic() - start
    answers = {scheme: run_bundle(bundle, folder) for scheme, bundle in bundles.items()}
    check_processor(bundles["fp32"], answers["fp32"])
    model = load(case, checkpoint)
    model.set_attn_implementation("eager")
    expected = expected_outputs(case, model, bundles["fp32"])
    shares = []
    for output in expected[0]:
        largest, _, size = largest_difference(answers["fp32"], expected, output)
        require(largest <= 1e-4 * size, f"fp32 {output} within 1e-4 of {size}, received {largest}")
        shares.append(f"{output} {largest / size:.1e}")
    base = model if isinstance(model, ViTModel) else model.vit
    quantized = check_int8(answers["int8"], expected, manifests["int8"], base.layernorm.bias.detach().numpy())
    return f"fp32 {', '.join(shares)}; {quantized}; both compiled in {seconds:.0f} s"


def main() -> None:
    logging.disable_progress_bar()
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", default=list(CASES))
    for name in parser.parse_args().cases:
        if name == "trained" and not (TRAINED / "model.safetensors").exists():
            print(f"{name}: skipped, expected the default checkpoint beside the clone, found none", flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}: {check(name, CASES[name], Path(folder))}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"largest process: {peak:.2f} GiB", file=sys.stderr)


main()
