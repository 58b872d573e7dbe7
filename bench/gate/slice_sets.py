"""What may go wrong with a slice that is like the training data."""

from PIL import Image, ImageOps


def cropped(image):
    """The middle half of its sides: the frame is full of brain."""
    width, height = image.size
    return image.crop((width // 4, height // 4, width - width // 4, height - height // 4))


def quarter(image):
    """Its upper left quarter."""
    width, height = image.size
    return image.crop((0, 0, width // 2, height // 2))


def small(image):
    """Half as large, in the middle of a black frame."""
    width, height = image.size
    frame = Image.new("L", image.size, 0)
    frame.paste(image.resize((width // 2, height // 2)), (width // 4, height // 4))
    return frame


# A slice left to right is not among them: heads are nearly symmetric, and nothing in the pixels tells the side.
CHANGES = {
    "slices": lambda image: image,
    "slices-inverted": ImageOps.invert,
    "slices-cropped": cropped,
    "slices-quarter": quarter,
    "slices-small": small,
    "slices-turned-90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "slices-turned-270": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "slices-turned-180": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "slices-upside-down": lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
}
