"""The Trainer with what it has not: learning rates by layer, evaluation on averaged weights, people drawn evenly."""

import math
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, cast

import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import Dataset, Sampler
from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    ViTForImageClassification,
)
from transformers.utils import SAFE_WEIGHTS_NAME

from .frozen_layers import FrozenSlices, UpperLayers
from .layer_decay import parameter_groups
from .patch_dropout import PatchDropout
from .person_sampler import PersonSampler
from .recipes import Recipe
from .scans import Scan
from .slices import SeededSlices
from .weight_average import WeightAverage


class SulcusTrainer(Trainer):
    """Loss, loop, schedule, checkpoints, resuming and the table per epoch are the Trainer's."""

    def __init__(
        self,
        *,
        network: ViTForImageClassification,
        recipe: Recipe,
        train_scans: Sequence[Scan],
        average: WeightAverage | None,
        **given: Any,
    ) -> None:
        """`model` may be the network or the part of it that trains."""
        super().__init__(**given)
        self._network = network
        self._recipe = recipe
        self._train_scans = train_scans
        self._average = average

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        recipe = self._recipe
        if self.optimizer is None and (recipe.layer_decay, recipe.head_rate) != (1.0, 1.0):
            groups = parameter_groups(
                self._network, recipe.learning_rate, recipe.weight_decay, recipe.layer_decay, recipe.head_rate
            )
            optimizer, settings = self.get_optimizer_cls_and_kwargs(self.args, self._network)
            self.optimizer = optimizer(groups, **settings)
        return super().create_optimizer(model)

    def _get_train_sampler(self, train_dataset: Dataset[Any] | None = None) -> Sampler[int] | None:
        if self._recipe.balance is None:
            return super()._get_train_sampler(train_dataset)
        return PersonSampler(self._train_scans, self._recipe.balance, self.args.seed)

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Label smoothing is for training: the validation loss is the cross-entropy of the plain logits."""
        smoother = self.label_smoother
        if not model.training:
            self.label_smoother = None
        try:
            return super().compute_loss(model, inputs, *args, **kwargs)
        finally:
            self.label_smoother = smoother

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        if self._average is None:
            return super().evaluate(*args, **kwargs)
        with self._average.applied(cast(nn.Module, self.model)):
            return super().evaluate(*args, **kwargs)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        """Transformers 5.24 saves a ViT by the Hub's classic names and resumes by its own new ones, with a warning that
        nothing fitted: the layers would start over. `from_pretrained` knows both."""
        load_weights(cast(nn.Module, self.model if model is None else model), Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        load_weights(cast(nn.Module, self.model), Path(str(self.state.best_model_checkpoint)))


def load_weights(model: nn.Module, checkpoint: Path) -> None:
    """All weights of a checkpoint, or an error."""
    if isinstance(model, UpperLayers):
        model.load_state_dict(load_file(checkpoint / SAFE_WEIGHTS_NAME), strict=True)
        return
    saved = ViTForImageClassification.from_pretrained(checkpoint, dtype=torch.float32)
    model.load_state_dict(saved.state_dict(), strict=True)


class EpochOfSlices(TrainerCallback):
    """Tells the slices which epoch it is, before any of them is read. Accelerate's loader does so too, but not when it
    goes on in the middle of an epoch."""

    def __init__(self, slices: SeededSlices) -> None:
        self._slices = slices

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._slices.set_epoch(math.floor(state.epoch or 0))


class FullPatchesLast(TrainerCallback):
    """Lets the last epochs see all patches, as evaluation does."""

    def __init__(self, dropout: PatchDropout | FrozenSlices, recipe: Recipe) -> None:
        self._dropout = dropout
        self._first_full = recipe.epochs - recipe.full_epochs
        self._keep = recipe.keep_patches

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._dropout.keep = 1.0 if math.floor(state.epoch or 0) >= self._first_full else self._keep


class SomeEpochsEvaluated(TrainerCallback):
    """Validates every `every`-th epoch and the last alone: on a CPU a validation costs a quarter of an epoch."""

    def __init__(self, every: int) -> None:
        self._every = every

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        epoch = round(state.epoch or 0)
        if epoch % self._every != 0 and epoch < math.ceil(args.num_train_epochs):
            control.should_evaluate = False


class TimeBudget(TrainerCallback):
    """Saves a checkpoint and ends the run when its time is over; `exceeded` says that this happened."""

    def __init__(self, seconds: float) -> None:
        self.exceeded = False
        self._end = monotonic() + seconds

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        # The end of an epoch is evaluated and saved in any case, in the order that a resumed run goes on from.
        if monotonic() > self._end and not float(state.epoch or 0).is_integer():
            self.exceeded = True
            # Logged first, so that the checkpoint knows the loss of the part of an epoch that was run.
            control.should_log = control.should_save = control.should_training_stop = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.exceeded:
            # The Trainer takes the interruption for the end of an epoch; evaluating would draw random numbers that an
            # uninterrupted run does not draw, and saving again would keep that.
            control.should_evaluate = control.should_save = False
        elif monotonic() > self._end and state.global_step < state.max_steps:
            self.exceeded = control.should_training_stop = True


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of the latest step that was written whole: the Trainer's state is the last of its files."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").is_file()]
    return max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)
