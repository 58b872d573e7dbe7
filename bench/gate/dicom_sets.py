"""Films and slices of other parts, from pydicom-data (MIT), which carries them to test readers of DICOM: one chest film, one
of a lower leg down to the ankle, and some slices and ultrasound. The films are few, so each is shown in many views."""

import importlib.util
import pathlib

import numpy as np
import pydicom
from PIL import Image

DATA = pathlib.Path(importlib.util.find_spec("data_store").origin).parent / "data"
OTHERS = {
    "693_UNCI.dcm": "CT head, bone window",
    "explicit_VR-UN.dcm": "CT abdomen",
    "MR-SIEMENS-DICOM-WithOverlays.dcm": "MR abdomen",
    "MR2_UNCI.dcm": "MR shoulder",
    "emri_small.dcm": "MR neck",
    "gdcm-US-ALOKA-16.dcm": "ultrasound",
    "JPEG2000_UNC.dcm": "bone scintigraphy",
}
VIEWS = 40


def read(name):
    dataset = pydicom.dcmread(DATA / name)
    pixels = np.squeeze(dataset.pixel_array).astype(np.float64)
    if pixels.ndim == 3:
        pixels = pixels[len(pixels) // 2]
    low, high = np.percentile(pixels, (0.5, 99.5))
    grey = ((pixels - low) / (high - low)).clip(0, 1)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        grey = 1 - grey
    return Image.fromarray((grey * 255).astype(np.uint8))


def views(image, seed, count):
    """The whole, and parts of 60 to 100 % of its sides, up to 10 degrees aslant, some of them left to right."""
    random = np.random.default_rng(seed)
    yield image
    for _ in range(count - 1):
        width, height = image.size
        share = random.uniform(0.6, 1)
        x, y = random.uniform(0, 1 - share, 2) * (width, height)
        part = image.rotate(random.uniform(-10, 10), Image.Resampling.BILINEAR)
        part = part.crop((int(x), int(y), int(x + share * width), int(y + share * height)))
        yield part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else part


def chest_film():
    yield from views(read("RG1_UNCI.dcm"), 1, VIEWS)


def leg_film():
    yield from views(read("RG3_UNCI.dcm"), 2, VIEWS)


def other_parts():
    for seed, name in enumerate(OTHERS):
        yield from views(read(name), seed + 3, 10)


SETS = {"chest-film": chest_film, "leg-film": leg_film, "other-parts": other_parts}
