"""Photographs that come inside PyPI packages."""

import pathlib

import matplotlib
import numpy as np
import skimage
import sklearn.datasets
from PIL import Image

SKIMAGE = pathlib.Path(skimage.__file__).parent / "data"
SKLEARN = pathlib.Path(sklearn.datasets.__file__).parent / "images"
# skimage's README names the origin and licence of each: public domain, CC0, or by permission.
FROM_SKIMAGE = (
    "astronaut.png brick.png camera.png cell.png chelsea.png clock_motion.png coffee.png coins.png grass.png gravel.png "
    "hubble_deep_field.jpg ihc.png microaneurysms.png moon.png motorcycle_left.png retina.jpg rocket.jpg"
).split()


def sources():
    yield from (SKIMAGE / name for name in FROM_SKIMAGE)
    yield from (SKLEARN / name for name in ("china.jpg", "flower.jpg"))
    yield pathlib.Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def photos():
    """Each whole in colour and in grey, and four grey crops of half its sides."""
    for path in sources():
        image = Image.open(path).convert("RGB")
        yield image
        grey = image.convert("L")
        yield grey
        width, height = grey.size
        for x, y in ((0, 0), (width // 2, 0), (0, height // 2), (width // 2, height // 2)):
            yield grey.crop((x, y, x + width // 2, y + height // 2))


def faces():
    """A hundred faces of Labeled Faces in the Wild, 25 x 25, and a hundred patches without one."""
    for pixels in np.load(SKIMAGE / "lfw_subset.npy"):
        yield Image.fromarray((pixels * 255).astype(np.uint8)).resize((128, 128), Image.Resampling.BICUBIC)


SETS = {"photos": photos, "faces": faces}
