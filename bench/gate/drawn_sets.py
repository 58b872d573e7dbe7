"""Drawings, text and noise, generated, and the drawings of scikit-image."""

import pathlib

import matplotlib
import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageFont, ImageOps
from scipy import ndimage

SIDE = 224
SKIMAGE = pathlib.Path(skimage.__file__).parent / "data"
FONTS = sorted((pathlib.Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))
WORDS = "scan slice report patient name date hospital series number contrast left right follow up normal finding".split()


def both_ways(image):
    yield image
    yield ImageOps.invert(image)


def shapes(random):
    image = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(image)
    for _ in range(random.integers(1, 9)):
        x, y = random.integers(0, SIDE - 40, 2)
        box = (x, y, x + random.integers(20, SIDE), y + random.integers(20, SIDE))
        fill = None if random.random() < 0.5 else int(random.integers(40, 256))
        kind = random.integers(3)
        if kind == 0:
            draw.ellipse(box, outline=255, fill=fill, width=3)
        elif kind == 1:
            draw.rectangle(box, outline=255, fill=fill, width=3)
        else:
            draw.line([tuple(point) for point in random.integers(0, SIDE, (8, 2))], fill=255, width=3)
    return image


def head_drawing(random):
    """What a child draws of this: an outline, two halves, two ventricles."""
    image = Image.new("L", (SIDE, SIDE), 0)
    draw = ImageDraw.Draw(image)
    left, top = random.integers(15, 45, 2)
    draw.ellipse((left, top, SIDE - left, SIDE - top), outline=255, fill=int(random.integers(0, 160)), width=4)
    draw.line((SIDE // 2, top, SIDE // 2, SIDE - top), fill=255, width=2)
    for centre in (SIDE // 2 - 18, SIDE // 2 + 18):
        draw.ellipse((centre - 8, 80, centre + 8, 140), outline=255, width=3)
    return image


def drawings():
    random = np.random.default_rng(1)
    for name in ("logo.png", "horse.png", "phantom.png", "chessboard_GRAY.png", "color.png"):
        image = Image.open(SKIMAGE / name).convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L")
        yield from both_ways(flat)
    for _ in range(40):
        yield from both_ways(shapes(random))
    for _ in range(20):
        yield from both_ways(head_drawing(random))


def text():
    random = np.random.default_rng(2)
    for name in ("page.png", "text.png"):
        yield from both_ways(Image.open(SKIMAGE / name).convert("L"))
    for index in range(50):
        image = Image.new("L", (SIDE, SIDE), 0)
        draw = ImageDraw.Draw(image)
        size = int(random.integers(9, 40))
        font = ImageFont.truetype(str(FONTS[index % len(FONTS)]), size)
        for y in range(4, SIDE - size, int(size * 1.3)):
            draw.text((4, y), " ".join(random.choice(WORDS, 8)), fill=255, font=font)
        yield from both_ways(image)


def noise():
    random = np.random.default_rng(3)
    for level in (0, 64, 128, 255):
        yield Image.new("L", (SIDE, SIDE), level)
    ramp = np.linspace(0, 255, SIDE)
    yield Image.fromarray(np.tile(ramp, (SIDE, 1)).astype(np.uint8))
    yield Image.fromarray(np.tile(ramp[:, None], (1, SIDE)).astype(np.uint8))
    for sigma in (0, 0, 0, 1, 2, 4, 8, 16, 32):
        for _ in range(8):
            field = random.normal(size=(SIDE, SIDE))
            smooth = ndimage.gaussian_filter(field, sigma) if sigma else field
            spread = smooth.std() * random.uniform(4, 8)
            yield Image.fromarray(((smooth / spread + 0.5).clip(0, 1) * 255).astype(np.uint8))
    for share in (0.02, 0.1, 0.5):
        for _ in range(8):
            yield Image.fromarray(np.where(random.random((SIDE, SIDE)) < share, 255, 0).astype(np.uint8))
    # Noise in the frame of a head: dark outside an ellipse.
    y, x = np.mgrid[-1:1:224j, -1:1:224j]
    for sigma in (0, 1, 2, 4, 8, 16):
        for _ in range(4):
            field = random.normal(size=(SIDE, SIDE))
            smooth = ndimage.gaussian_filter(field, sigma) if sigma else field
            inside = (x / random.uniform(0.6, 0.9)) ** 2 + (y / random.uniform(0.7, 0.95)) ** 2 < 1
            yield Image.fromarray(((smooth / smooth.std() / 6 + 0.5).clip(0, 1) * 255 * inside).astype(np.uint8))


SETS = {"drawings": drawings, "text": text, "noise": noise}
