"""Light augmentation of grey slices: what a head held a little differently on another day would show."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Augmentation:
    """Largest change to either side, drawn uniformly: degrees, and shares of the size, the side and the exponent."""

    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    gamma: float = 0.0

    @property
    def active(self) -> bool:
        return any((self.rotation, self.scale, self.shift, self.gamma))


def augment(image: Image.Image, augmentation: Augmentation, generator: np.random.Generator) -> Image.Image:
    """One bilinear resampling with black outside, then a gamma curve; never a flip: hemispheres differ."""
    angle, scale, right, down, gamma = generator.uniform(-1, 1, 5)
    moved = image.transform(
        image.size,
        Image.Transform.AFFINE,
        _inverse_affine(
            image.size,
            math.radians(angle * augmentation.rotation),
            1 + scale * augmentation.scale,
            (right * augmentation.shift * image.width, down * augmentation.shift * image.height),
        ),
        resample=Image.Resampling.BILINEAR,
    )
    exponent = 1 + gamma * augmentation.gamma
    curve = [round(255 * (level / 255) ** exponent) for level in range(256)]
    return moved.point(curve * len(moved.getbands()))


def _inverse_affine(
    size: tuple[int, int], angle: float, scale: float, shift: tuple[float, float]
) -> tuple[float, float, float, float, float, float]:
    """Pillow asks where each pixel of the result comes from: rotation and scale about the centre, then the shift."""
    cosine, sine = math.cos(angle) / scale, math.sin(angle) / scale
    x, y = size[0] / 2, size[1] / 2
    from_x, from_y = x + shift[0], y + shift[1]
    return (cosine, sine, x - cosine * from_x - sine * from_y, -sine, cosine, y + sine * from_x - cosine * from_y)
