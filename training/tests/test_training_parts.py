import numpy as np
import pytest
import torch
from PIL import Image
from transformers import ViTConfig, ViTForImageClassification

from sulcus_training.augmentation import Augmentation, augment
from sulcus_training.layer_decay import layer_scale, parameter_groups
from sulcus_training.patch_dropout import PatchDropout, drop_patches
from sulcus_training.person_sampler import PersonSampler
from sulcus_training.recipes import RECIPES, recipe_for
from sulcus_training.scans import Scan
from sulcus_training.stochastic_depth import add_stochastic_depth
from sulcus_training.train import TINY


def tiny_model() -> ViTForImageClassification:
    torch.manual_seed(0)
    return ViTForImageClassification(ViTConfig(**TINY, num_labels=4))


def test_patch_dropout_keeps_the_patches_that_show_something() -> None:
    pixels = torch.full((2, 3, 32, 32), -1.0)
    pixels[:, :, 8:24, 8:24] = 0.5
    numbered = torch.arange(17.0).reshape(1, 17, 1).expand(2, 17, 3)

    kept = drop_patches(numbered, pixels, patch=8, keep=0.25)

    assert kept.shape == (2, 5, 3)
    assert kept[..., 0].tolist() == [[0, 6, 7, 10, 11]] * 2


def test_patch_dropout_fills_up_with_background() -> None:
    pixels = torch.full((1, 3, 32, 32), -1.0)
    pixels[:, :, :8, :8] = 0.5
    numbered = torch.arange(17.0).reshape(1, 17, 1)

    kept = drop_patches(numbered, pixels, patch=8, keep=0.5)[0, :, 0].tolist()

    assert len(set(kept)) == 9
    assert kept[:2] == [0, 1]


def test_patch_dropout_and_stochastic_depth_leave_evaluation_alone() -> None:
    model, pixels = tiny_model(), torch.rand(3, 3, 32, 32) * 2 - 1
    plain = model.eval()(pixel_values=pixels).logits

    PatchDropout(model, 0.5)
    add_stochastic_depth(model, 0.9)

    assert torch.equal(model(pixel_values=pixels).logits, plain)
    assert not torch.equal(model.train()(pixel_values=pixels).logits, plain)


def test_stochastic_depth_keeps_the_mean() -> None:
    model, pixels = tiny_model(), torch.rand(1, 3, 32, 32) * 2 - 1
    hidden = model.vit.eval()(pixel_values=pixels, output_hidden_states=True).hidden_states
    before, after = hidden[-2], model.vit.layers[-1](hidden[-2])
    add_stochastic_depth(model, 0.5)

    drawn = model.vit.layers[-1].train()(before.expand(4000, -1, -1))

    assert torch.allclose(drawn.mean(dim=0), after[0], atol=0.15 * (after - before).abs().max().item())


def test_learning_rate_decays_towards_the_input() -> None:
    assert layer_scale("classifier.weight", 12, 0.9, 3.0) == 3.0
    assert layer_scale("vit.layernorm.bias", 12, 0.9, 3.0) == 1.0
    assert layer_scale("vit.layers.11.mlp.fc1.weight", 12, 0.9, 3.0) == pytest.approx(0.9)
    assert layer_scale("vit.embeddings.cls_token", 12, 0.9, 3.0) == pytest.approx(0.9**13)


def test_groups_hold_every_parameter_once_and_spare_vectors_the_weight_decay() -> None:
    model = tiny_model()

    groups = parameter_groups(model, 1e-3, 0.1, 0.9, 3.0)

    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
    for group in groups:
        vectors = {parameter.dim() == 1 for parameter in group["params"]}
        assert vectors == {group["weight_decay"] == 0}


def test_person_sampler_draws_people_alike_whatever_their_slices() -> None:
    scans = [Scan(f"a{number}", "Mild_Demented", "a") for number in range(90)]
    scans += [Scan(f"b{number}", "Mild_Demented", "b") for number in range(10)]
    sampler = PersonSampler(scans, balance=0, seed=1)

    epochs = []
    for epoch in range(30):
        sampler.set_epoch(epoch)
        epochs.append(list(sampler))

    share = np.mean([scans[index].subject == "b" for epoch in epochs for index in epoch])
    assert share == pytest.approx(0.5, abs=0.05)
    assert epochs[0] != epochs[1]
    sampler.set_epoch(0)
    assert list(sampler) == epochs[0]


def test_augmentation_moves_no_further_than_it_may() -> None:
    image = Image.new("L", (64, 64))
    image.paste(200, (28, 28, 36, 36))
    centres = []
    for number in range(50):
        moved = np.asarray(augment(image, Augmentation(shift=0.1), np.random.default_rng(number)), dtype=float)
        rows, columns = np.indices(moved.shape)
        centres.append(((rows * moved).sum() / moved.sum(), (columns * moved).sum() / moved.sum()))

    offsets = np.array(centres) - 31.5
    assert np.abs(offsets).max() <= 6.5
    assert np.abs(offsets).max() > 4


def test_augmentation_of_nothing_changes_nothing() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8))

    same = augment(image, Augmentation(), np.random.default_rng(0))

    assert same.tobytes() == image.tobytes()


def test_the_google_base_gets_the_hyperparameters_of_the_seed_card() -> None:
    name, recipe = recipe_for("google/vit-base-patch16-224-in21k", None, {})

    assert name == "seed"
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.scheduler) == (10, 16, 5e-5, "linear")
    assert (recipe.keep_patches, recipe.average, recipe.label_smoothing, recipe.layer_decay) == (1, 0, 0, 1)


def test_recipe_takes_what_the_command_line_gives() -> None:
    name, recipe = recipe_for("dinov2-small", None, {"epochs": 2, "average": None})

    assert (name, recipe.epochs, recipe.average) == ("dinov2-small", 2, RECIPES["dinov2-small"].average)
    with pytest.raises(ValueError, match="received nothing-such"):
        recipe_for("dinov2-small", "nothing-such", {})
    with pytest.raises(ValueError, match="expected frozen layers to keep copies of, received 3 copies and none"):
        recipe_for("dinov2-small", None, {"copies": 3})
