"""Makes the pictures that `npm run bench:gate` shows to the input gate, one folder a set. Nothing is downloaded: pictures
come out of PyPI packages, from generators here, and from the labelled slices that are given.

    pip install scikit-image==0.26.0 scikit-learn==1.9.1 matplotlib==3.11.2 nilearn==0.14.1 dipy==1.12.1 \\
        pydicom==3.0.2 pydicom-data==1.0.0 pillow==13.0.0
    python make_sets.py <out> <slice> [<slice> ...]
"""

import pathlib
import sys

import dicom_sets
import drawn_sets
import head_sets
import photo_sets
import slice_sets
from PIL import Image

SETS = {**photo_sets.SETS, **drawn_sets.SETS, **dicom_sets.SETS, **head_sets.SETS}


def save_all(folder, images):
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        image.save(folder / f"{index:04d}.png")


def main(out, slices):
    for name, make in SETS.items():
        save_all(out / name, make())
    for name, change in slice_sets.CHANGES.items():
        save_all(out / name, (change(Image.open(path).convert("L")) for path in slices))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
