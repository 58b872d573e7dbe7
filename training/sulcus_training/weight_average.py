"""An exponential moving average of the weights: what is evaluated and kept, where a recipe asks for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

AVERAGE_FILE = "average.safetensors"


class WeightAverage(TrainerCallback):
    """Follows the weights after every step; saved beside every checkpoint and read back from it.

    The decay grows as (1 + step) / (10 + step) up to `decay`, so that a short run's average forgets its start too.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._average = {name: tensor.detach().clone().float() for name, tensor in _floats(model)}

    def resume(self, checkpoint: Path) -> None:
        """Goes on from a checkpoint's average."""
        saved = load_file(checkpoint / AVERAGE_FILE)
        self._average = {name: saved[name].to(tensor.device) for name, tensor in self._average.items()}

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        step = state.global_step
        weight = 1 - min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, tensor in _floats(kwargs["model"]):
                average = self._average[name].to(tensor.device)
                self._average[name] = average.lerp_(tensor.detach().float(), weight)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        save_file({name: tensor.cpu().contiguous() for name, tensor in self._average.items()}, folder / AVERAGE_FILE)

    def copy_to(self, model: nn.Module) -> None:
        """The average becomes the model's weights."""
        _load(model, self._average)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """The model has the average's weights inside, its own again after."""
        own = {name: tensor.detach().clone() for name, tensor in _floats(model)}
        self.copy_to(model)
        try:
            yield
        finally:
            _load(model, own)


def _floats(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, tensor) for name, tensor in model.state_dict().items() if tensor.is_floating_point()]


def _load(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in _floats(model):
            tensor.copy_(tensors[name])
