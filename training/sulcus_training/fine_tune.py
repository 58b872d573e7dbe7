"""One run: a base, a split and a recipe in; a checkpoint and its logits on the held-out slices out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from transformers import EarlyStoppingCallback, EvalPrediction, TrainerCallback, TrainingArguments
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from .bases import Base
from .frozen_layers import CopiesPlan, FrozenSlices, UpperLayers, open_copies
from .machine import bf16_is_fast
from .metrics import Floats
from .patch_dropout import PatchDropout
from .predict import predict_logits, to_device
from .recipes import Recipe
from .scans import Scan
from .slices import SeededSlices, SliceDataset
from .splits import Split
from .stochastic_depth import add_stochastic_depth
from .trainer import EpochOfSlices, FullPatchesLast, SomeEpochsEvaluated, SulcusTrainer, TimeBudget, last_checkpoint
from .weight_average import AVERAGE_FILE, WeightAverage

COPIES_FOLDER = "frozen-layers"


@dataclass(frozen=True)
class Plan:
    """Everything that a run depends on."""

    data: Path
    split: Split
    recipe: Recipe
    base: Base
    processor: ViTImageProcessorPil
    out: Path
    device: torch.device
    seed: int = 0
    workers: int = 0
    # Seconds after which the run saves itself and ends.
    budget: float | None = None
    exact: bool = False
    # Whether the kept weights are rounded to fp16 (they are evaluated as kept).
    half: bool = False
    # Of the run whose weights the base is, as this one's JSON repeats it.
    after: dict[str, Any] | None = None
    # Epochs from one validation to the next; the last is always validated.
    evaluate_every: int = 1

    @property
    def watched(self) -> list[Scan]:
        """Who is validated on, if anybody."""
        return self.split.stop or self.split.test


@dataclass(frozen=True)
class Outcome:
    """`logits` of the held-out slices, None where nobody is held out; `finished` is False after a spent budget."""

    finished: bool
    history: list[dict[str, Any]]
    images_per_second: float
    logits: Floats | None


def fine_tune(plan: Plan) -> Outcome:
    """Trains, going on from the last checkpoint in `plan.out` if there is one; leaves the model in `plan.out/model`."""
    trainer, average, budget = _create_trainer(plan)
    checkpoint = last_checkpoint(plan.out)
    if checkpoint is not None and average is not None:
        average.resume(checkpoint)
    result = trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    history = [dict(entry) for entry in trainer.state.log_history]
    speed = float(result.metrics.get("train_samples_per_second", 0.0))
    if budget is not None and budget.exceeded:
        return Outcome(False, history, speed, None)
    _choose_weights(trainer, average, plan)
    return Outcome(True, history, speed, _predict_held_out(trainer, plan))


@dataclass(frozen=True)
class Part:
    """What of the network trains, and what it reads; `watched` is None where there is nobody to validate on."""

    model: nn.Module
    slices: SeededSlices
    watched: SeededSlices | None
    # Whoever takes patches away while training.
    dropout: PatchDropout | FrozenSlices


def _whole_network(plan: Plan) -> Part:
    network, recipe, watched = plan.base.model, plan.recipe, plan.watched
    return Part(
        model=network,
        slices=SliceDataset(plan.data, plan.split.train, plan.processor, recipe.augmentation, plan.seed),
        watched=SliceDataset(plan.data, watched, plan.processor) if watched else None,
        dropout=PatchDropout(network, recipe.keep_patches),
    )


def _upper_layers(plan: Plan) -> Part:
    """Copies are of everyone's slices, in one order, and kept beside the run, so that every fold reads the same."""
    network, recipe, split, watched = plan.base.model, plan.recipe, plan.split, plan.watched
    upper = UpperLayers(network, recipe.frozen_layers)
    scans = sorted((*split.train, *split.stop, *split.test), key=lambda scan: scan.file)
    copies = open_copies(
        network,
        CopiesPlan(
            plan.data, scans, plan.processor, recipe.augmentation, recipe.frozen_layers, recipe.copies, plan.seed
        ),
        plan.out.parent / COPIES_FOLDER,
        plan.device,
    )
    slices = FrozenSlices(copies, split.train, plan.seed, trains=True)
    return Part(upper, slices, FrozenSlices(copies, watched) if watched else None, slices)


def _create_trainer(plan: Plan) -> tuple[SulcusTrainer, WeightAverage | None, TimeBudget | None]:
    network, recipe = to_device(plan.base.model, plan.device), plan.recipe
    part = _upper_layers(plan) if recipe.frozen_layers != 0 else _whole_network(plan)
    if plan.device.type == "cpu":
        # On a CPU the backward of PyTorch 2.13's fused attention alone takes a fifth of a step.
        network.set_attn_implementation("eager")
    average = WeightAverage(part.model, recipe.average) if recipe.average > 0 else None
    budget = TimeBudget(plan.budget) if plan.budget is not None else None
    callbacks: list[TrainerCallback] = [EpochOfSlices(part.slices)]
    if plan.evaluate_every > 1:
        callbacks.append(SomeEpochsEvaluated(plan.evaluate_every))
    callbacks += [callback for callback in (average, budget) if callback is not None]
    if recipe.keep_patches < 1.0:
        callbacks.append(FullPatchesLast(part.dropout, recipe))
    if recipe.stochastic_depth > 0:
        add_stochastic_depth(network, recipe.stochastic_depth)
    if plan.split.stop:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=recipe.patience))
    trainer = SulcusTrainer(
        network=network,
        recipe=recipe,
        train_scans=plan.split.train,
        average=average,
        model=part.model,
        args=_arguments(plan, evaluates=part.watched is not None),
        train_dataset=part.slices,
        eval_dataset=part.watched,
        compute_metrics=_accuracy,
        callbacks=callbacks,
    )
    return trainer, average, budget


def _arguments(plan: Plan, evaluates: bool) -> TrainingArguments:
    recipe, stops = plan.recipe, bool(plan.split.stop)
    return TrainingArguments(
        output_dir=str(plan.out),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.scheduler,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        label_smoothing_factor=recipe.label_smoothing,
        optim="adamw_torch_fused",
        bf16=bf16_is_fast(plan.device),
        use_cpu=plan.device.type == "cpu",
        seed=plan.seed,
        full_determinism=plan.exact,
        dataloader_num_workers=plan.workers,
        dataloader_pin_memory=plan.device.type == "cuda",
        remove_unused_columns=False,
        eval_strategy="epoch" if evaluates else "no",
        logging_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=stops,
        metric_for_best_model="loss" if stops else None,
        report_to="none",
        disable_tqdm=True,
    )


def _choose_weights(trainer: SulcusTrainer, average: WeightAverage | None, plan: Plan) -> None:
    """The average's weights where there is one, of the best epoch where people were kept back to say which."""
    best = trainer.state.best_model_checkpoint
    if average is not None:
        if plan.split.stop and best is not None and (Path(best) / AVERAGE_FILE).is_file():
            average.resume(Path(best))
        average.copy_to(cast(nn.Module, trainer.model))
    if plan.half:
        plan.base.model.half().float()


def _predict_held_out(trainer: SulcusTrainer, plan: Plan) -> Floats | None:
    """In fp32, as whoever opens the kept model predicts: the Trainer would do it in the bf16 that it trained in."""
    if not plan.split.test:
        return None
    # The accelerator has put autocast around the model's own forward.
    trainer.accelerator.unwrap_model(plan.base.model, keep_fp32_wrapper=False)
    return predict_logits(plan.base.model, plan.processor, plan.data, plan.split.test, plan.device)


def _accuracy(prediction: EvalPrediction) -> dict[str, float]:
    logits, labels = np.asarray(prediction.predictions), np.asarray(prediction.label_ids)
    return {"accuracy": float(np.mean(logits.argmax(axis=-1) == labels))}
