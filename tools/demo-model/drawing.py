"""Pictures as lists of primitives, so that a picture can be written down, kept and drawn again elsewhere.

A primitive is a list whose first item is its kind; lengths are pixels, colours are [red, green, blue] of 0–255:
  ["circle", x, y, radius, colour]            ["polygon", [x0, y0, x1, y1, …], colour]
  ["ellipse", x, y, rx, ry, colour, alpha]    ["text", x, baseline, size, font, string, colour]
"""

import math
import random
from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageFilter, ImageFont

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 80, 220),
    "yellow": (240, 210, 40),
    "orange": (245, 140, 30),
    "purple": (140, 60, 180),
    "black": (25, 25, 25),
    "white": (245, 245, 245),
}
BACKGROUNDS = {
    "white": (250, 250, 250),
    "gray": (128, 128, 128),
    "black": (15, 15, 15),
    "tan": (222, 200, 160),
    "sky": (170, 210, 240),
}
SHAPES = ["circle", "square", "triangle", "star"]
FONT_FOLDER = "/usr/share/fonts/truetype/dejavu/"
FONTS = ["DejaVuSans-Bold", "DejaVuSans"]

_fonts: dict[tuple[str, int], ImageFont.FreeTypeFont] = {}


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    key = (name, size)
    if key not in _fonts:
        _fonts[key] = ImageFont.truetype(f"{FONT_FOLDER}{name}.ttf", size)
    return _fonts[key]


@dataclass
class Picture:
    """What to draw: `width` × `height` pixels, a background colour, primitives in order, a final blur in pixels."""

    width: int
    height: int
    background: list[int]
    primitives: list[list] = field(default_factory=list)
    blur: float = 0.0


def jitter(rng: random.Random, colour: tuple[int, int, int], by: int = 14) -> list[int]:
    return [max(0, min(255, channel + rng.randint(-by, by))) for channel in colour]


def shape(kind: str, x: float, y: float, radius: float, colour: list[int]) -> list:
    """The primitive of one of SHAPES around a centre; `radius` is that of the circle of the same visual size."""
    if kind == "circle":
        return ["circle", round(x, 1), round(y, 1), round(radius, 1), colour]
    if kind == "square":
        half = radius * 0.88
        corners = [x - half, y - half, x + half, y - half, x + half, y + half, x - half, y + half]
    elif kind == "triangle":
        corners = [x, y - radius, x + radius, y + radius * 0.85, x - radius, y + radius * 0.85]
    else:
        corners = []
        for i in range(10):
            angle = -math.pi / 2 + i * math.pi / 5
            reach = radius * (1.1 if i % 2 == 0 else 0.46)
            corners += [x + reach * math.cos(angle), y + reach * math.sin(angle)]
    return ["polygon", [round(v, 1) for v in corners], colour]


def rectangle(x0: float, y0: float, x1: float, y1: float, colour: list[int]) -> list:
    return ["polygon", [round(v, 1) for v in (x0, y0, x1, y0, x1, y1, x0, y1)], colour]


def render(picture: Picture, oversample: int = 2) -> Image.Image:
    """Draws `picture` with `oversample`² samples a pixel."""
    s = oversample
    image = Image.new("RGB", (picture.width * s, picture.height * s), tuple(picture.background))
    draw = ImageDraw.Draw(image, "RGBA")
    for kind, *rest in picture.primitives:
        if kind == "circle":
            x, y, r, colour = rest
            draw.ellipse([(x - r) * s, (y - r) * s, (x + r) * s, (y + r) * s], fill=tuple(colour))
        elif kind == "polygon":
            corners, colour = rest
            draw.polygon([v * s for v in corners], fill=tuple(colour))
        elif kind == "ellipse":
            x, y, rx, ry, colour, alpha = rest
            draw.ellipse(
                [(x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s],
                fill=(*colour, round(alpha * 255)),
            )
        else:
            x, baseline, size, face, string, colour = rest
            draw.text((x * s, baseline * s), string, font=font(face, size * s), fill=tuple(colour), anchor="ls")
    image = image.resize((picture.width, picture.height), Image.Resampling.BOX)
    return image.filter(ImageFilter.GaussianBlur(picture.blur)) if picture.blur else image
