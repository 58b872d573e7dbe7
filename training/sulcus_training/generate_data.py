"""Generated slices in the form of the data set, for a smoke run: an ellipse with two hollows that grow by label."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .console import say
from .labels import LABELS
from .options import create_parser
from .scans import SCANS_FILE

SIDE = 64


def draw_slice(hollow: float, generator: np.random.Generator) -> Image.Image:
    """A grey slice; `hollow` from 0 to 1 is the size of the hollows."""
    image = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    left, top = generator.uniform(6, 10, 2)
    draw.ellipse((left, top, SIDE - left, SIDE - top), fill=int(generator.uniform(140, 200)))
    radius = 2 + 8 * hollow
    for x in (SIDE / 2 - 9, SIDE / 2 + 9):
        draw.ellipse((x - radius / 2, SIDE / 2 - radius, x + radius / 2, SIDE / 2 + radius), fill=20)
    noise = generator.normal(0, 6, (SIDE, SIDE))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), dtype=np.float64) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "L")


def write_data(folder: Path, people: int, slices: int, seed: int) -> None:
    """`people` of every label with `slices` each, and their scans.csv."""
    generator = np.random.default_rng(seed)
    rows = []
    for index, label in enumerate(LABELS):
        (folder / "images" / label).mkdir(parents=True, exist_ok=True)
        for person in range(people):
            for number in range(slices):
                file = f"images/{label}/{person}-{number}.png"
                draw_slice(index / (len(LABELS) - 1), generator).save(folder / file)
                rows.append((file, label, f"{label}-{person}"))
    with (folder / SCANS_FILE).open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("file", "label", "subject"), *rows])


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser("generate_data", __doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=5, help="of every label")
    parser.add_argument("--slices", type=int, default=6, help="of every person")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    write_data(arguments.out, arguments.people, arguments.slices, arguments.seed)
    say(f"wrote {arguments.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
