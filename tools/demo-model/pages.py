"""Pages of letters, for the vision tower alone: one word a picture, as in scenes.text_scene, teaches reading several times slower."""

import random

from drawing import BACKGROUNDS, COLOURS, FONTS, Picture, font, jitter
from labels import CHARACTERS
from scenes import Scene, Thing, contrasting


def page_scene(rng: random.Random, width: int, height: int) -> Scene:
    """Lines of characters of one size a line, without an order to remember, over the whole picture."""
    back = rng.choice(list(BACKGROUNDS.values()))
    picture, things = Picture(width, height, jitter(rng, back, 6)), []
    y = rng.uniform(0, 12)
    while True:
        face, size = rng.choice(FONTS), rng.randint(22, 60)
        f = font(face, size)
        upper = rng.random() < 0.5
        baseline = round(y + 0.76 * size, 1)
        if baseline + 2 > height:
            return Scene("page", picture, [], things)
        x, spread = rng.uniform(0, 10), rng.uniform(0, 0.25) * size
        while True:
            character = rng.choice(CHARACTERS)
            shown = character.upper() if upper else character
            left, top, right, bottom = f.getbbox(shown, anchor="ls")
            if x + right > width:
                break
            colour = rng.choice(contrasting(back))
            picture.primitives.append(["text", round(x, 1), baseline, size, face, shown, jitter(rng, COLOURS[colour])])
            box = (x + left, baseline + top, x + right, baseline + bottom)
            things.append(Thing(box, colour, "text", character=character))
            x += f.getlength(shown) + spread
        y = baseline + rng.uniform(0.1, 0.4) * size
