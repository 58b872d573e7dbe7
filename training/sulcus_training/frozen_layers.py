"""The lower layers of a base, left as they are: what they make of every slice is computed once, for every fold.

The layers above then train faster, and what the base knows of everyone's brains stays as it was.
An augmented slice passes the lower layers too: a few augmented copies of every slice take the place of endlessly many.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import ViTForImageClassification
from transformers.modeling_outputs import ImageClassifierOutput
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from .augmentation import Augmentation
from .console import note
from .machine import bf16_is_fast
from .patch_dropout import choose_patches, find_foreground
from .scans import Scan
from .slices import SeededSlices, SliceDataset

BATCH = 32
# The slices as they are; the augmented copies are numbered from 1.
PLAIN = 0


class UpperLayers(nn.Module):
    """The part of a network that trains: its layers from `first` on, the last norm and the classifier, shared with it.
    What lies below is frozen in the network itself."""

    def __init__(self, network: ViTForImageClassification, first: int) -> None:
        super().__init__()
        depth = network.config.num_hidden_layers
        if not 0 < first < depth:
            raise ValueError(f"expected from 1 to {depth - 1} frozen layers of {depth}, received {first}")
        for lower in (network.vit.embeddings, *network.vit.layers[:first]):
            lower.requires_grad_(False)
        # The Trainer asks it for the kind of problem.
        self.config = network.config
        self.layers = network.vit.layers[first:]
        self.layernorm = network.vit.layernorm
        self.classifier = network.classifier

    def forward(self, hidden_states: Tensor, labels: Tensor | None = None) -> ImageClassifierOutput:
        """Logits of hidden_states [batch, 1 + patches, hidden], the outputs of the last frozen layer."""
        for layer in self.layers:
            hidden_states = layer(hidden_states)
        logits = self.classifier(self.layernorm(hidden_states[:, 0]))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return ImageClassifierOutput(loss=loss, logits=logits)


@dataclass(frozen=True)
class Copies:
    """Per copy the outputs of the last frozen layer, [slices, 1 + patches, hidden] fp16, memory-mapped, and whether a
    patch shows anything, [slices, patches]. `rows` finds a slice by its file."""

    hidden: list[NDArray[np.float16]]
    foreground: list[NDArray[np.bool_]]
    rows: dict[str, int]


class FrozenSlices(SeededSlices):
    """`{hidden_states, labels}` of slices: one of the copies and some of the patches while training, otherwise all
    patches of the plain slice."""

    def __init__(self, copies: Copies, scans: Sequence[Scan], seed: int = 0, trains: bool = False) -> None:
        super().__init__(scans, seed)
        # The share of the patches that stays while training.
        self.keep = 1.0
        self._copies = copies
        self._rows = [copies.rows[scan.file] for scan in scans]
        self._trains = trains

    def __getitem__(self, index: int) -> dict[str, Any]:
        row, copy, random = self._rows[index], PLAIN, self.random(index)
        if self._trains and len(self._copies.hidden) > 1:
            copy = int(random.integers(1, len(self._copies.hidden)))
        tokens = self._copies.hidden[copy][row]
        if self._trains and self.keep < 1.0:
            foreground = torch.from_numpy(self._copies.foreground[copy][row])
            kept = choose_patches(foreground, torch.from_numpy(random.random(len(foreground))), self.keep)
            tokens = tokens[np.concatenate([[0], 1 + kept.numpy()])]
        return {"hidden_states": torch.from_numpy(tokens.astype(np.float32)), "labels": self.label(index)}


@dataclass(frozen=True)
class CopiesPlan:
    """Everything that the copies depend on but the weights."""

    data: Path
    scans: Sequence[Scan]
    processor: ViTImageProcessorPil
    augmentation: Augmentation
    first: int
    count: int
    seed: int


def open_copies(network: ViTForImageClassification, plan: CopiesPlan, folder: Path, device: torch.device) -> Copies:
    """The plain slices and `plan.count` augmented copies of them, computed where they are not in `folder` yet.

    What was computed for other weights, slices or augmentations is never taken. Runs side by side share the work.
    """
    place = folder / _fingerprint(network, plan)
    place.mkdir(parents=True, exist_ok=True)
    numbers = range(1 + plan.count)
    # First whatever nobody else is at, then what others have begun.
    for waits in (False, True):
        for number in numbers:
            with _locked(place / f"{number}.lock", waits) as mine:
                if mine and not _hidden_file(place, number).is_file():
                    note(f"lower layers of {len(plan.scans)} slices, copy {number} of {plan.count} ...")
                    _compute(network, plan, place, number, device)
    return Copies(
        hidden=[np.load(_hidden_file(place, number), mmap_mode="r") for number in numbers],
        foreground=[np.load(_foreground_file(place, number)) for number in numbers],
        rows={scan.file: row for row, scan in enumerate(plan.scans)},
    )


def _hidden_file(place: Path, number: int) -> Path:
    return place / f"hidden-{number}.npy"


def _foreground_file(place: Path, number: int) -> Path:
    return place / f"foreground-{number}.npy"


def _fingerprint(network: ViTForImageClassification, plan: CopiesPlan) -> str:
    """Of the frozen weights, the slices in their order, and what else decides the copies."""
    digest = hashlib.sha256()
    facts = {"augmentation": asdict(plan.augmentation), "first": plan.first, "seed": plan.seed}
    facts["processor"] = plan.processor.to_dict()
    digest.update(json.dumps(facts, sort_keys=True, default=str).encode())
    for module in (network.vit.embeddings, *network.vit.layers[: plan.first]):
        for name, tensor in module.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().float().cpu().numpy().tobytes())
    for scan in plan.scans:
        digest.update(scan.file.encode())
        digest.update((plan.data / scan.file).read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path: Path, waits: bool) -> Iterator[bool]:
    """Whether the lock is held inside; without waiting it may be another's."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@torch.inference_mode()
def _compute(
    network: ViTForImageClassification, plan: CopiesPlan, place: Path, number: int, device: torch.device
) -> None:
    """Writes one copy; the file of the hidden states appears when both are whole.

    Raises ValueError for hidden states that fp16 cannot hold.
    """
    slices = SliceDataset(
        plan.data, plan.scans, plan.processor, None if number == PLAIN else plan.augmentation, plan.seed
    )
    slices.set_epoch(number)
    embeddings = network.vit.embeddings.patch_embeddings
    patches, patch = int(embeddings.num_patches), int(embeddings.patch_size[0])
    unfinished = place / f"unfinished-{number}.npy"
    shape = (len(plan.scans), 1 + patches, network.config.hidden_size)
    hidden = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.float16, shape=shape)
    foreground = np.empty((len(plan.scans), patches), dtype=np.bool_)
    vit, row = network.vit.eval(), 0
    for batch in DataLoader(slices, batch_size=BATCH):
        pixel_values = batch["pixel_values"].to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16_is_fast(device)):
            states = vit.embeddings(pixel_values)
            for layer in vit.layers[: plan.first]:
                states = layer(states)
        rows = slice(row, row := row + len(states))
        if states.abs().max() > torch.finfo(torch.float16).max:
            raise ValueError(f"expected hidden states within fp16's range to keep, received {states.abs().max():.0e}")
        hidden[rows] = states.float().cpu().numpy()
        foreground[rows] = find_foreground(pixel_values, patch).cpu().numpy()
    hidden.flush()
    np.save(_foreground_file(place, number), foreground)
    unfinished.rename(_hidden_file(place, number))
