"""Planes through the ICBM 152 average brain that nilearn carries, and a coronal slice of a T1 scan that dipy carries
(BSD 3-Clause). Contrast and frame as test/fixtures/make_icbm152.py gives them to the sample scan."""

import importlib.util
import pathlib

import nibabel
import numpy as np
from PIL import Image


def package(name):
    return pathlib.Path(importlib.util.find_spec(name).origin).parent


def template():
    return np.asarray(nibabel.load(package("nilearn") / "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz").dataobj)


def framed(plane):
    grey = ((plane.astype(np.float64) - 70) * 255 / (245 - 70)).clip(0, 255).round().astype(np.uint8)
    return Image.fromarray(grey).resize((128, 128), Image.Resampling.BOX)


def axial():
    """Levels of the sample scan, 12 mm up and down: they are what the gate must let through."""
    volume = template()
    for level in range(66, 91, 2):
        yield framed(volume[:, :, level].T)


def coronal():
    """Crown up."""
    volume = template()
    for level in range(40, 200, 2):
        yield framed(volume[:, level, ::-1].T)
    plane = np.load(package("dipy") / "data/files/t1_coronal_slice.npy")
    yield Image.fromarray((plane / plane.max() * 255).astype(np.uint8))


def sagittal():
    """Crown up, brow to either side."""
    volume = template()
    for level in range(40, 160, 2):
        plane = volume[level, :, ::-1].T
        yield framed(plane)
        yield framed(plane[:, ::-1])


SETS = {"axial-icbm152": axial, "coronal": coronal, "sagittal": sagittal}
