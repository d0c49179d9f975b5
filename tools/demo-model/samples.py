"""Writes the pictures and questions that come with the model, as recipes: `python samples.py OUTPUT_JSON`.

They are drawn from a seed of their own until they show what is wanted, whatever a model answers: neither the training streams nor
the held-out test hold them.
"""

import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chat import CELL
from scenes import FAMILIES, Scene, Turn
from vqa_test import Glyphs, recipe, written

SEED = "samples"
MOST_DRAWN = 100_000
WITHOUT_PICTURE = Turn("What can you do?", "I answer questions about shapes, words and bar charts in pictures.", "small talk")


@dataclass
class Wanted:
    """`size` in cells; `fits` sees the scene and the right answer to the question."""

    name: str
    family: str
    size: tuple[int, int]
    question: str
    fits: Callable[[Scene, str], bool]


def wide(s: Scene) -> float:
    """Share of the picture's width that its first thing takes."""
    x0, _, x1, _ = s.things[0].box
    return (x1 - x0) / s.picture.width


def light(s: Scene) -> bool:
    return min(s.picture.background) > 150


WANTED = [
    Wanted("circle", "shapes", (6, 6), "What color is the circle?", lambda s, a: a == "red" and len(s.things) == 1 and wide(s) > 0.38),
    Wanted("colours", "shapes", (5, 6), "Is there a blue circle?", lambda s, a: a == "yes" and len(s.things) == 3),
    Wanted("shapes", "shapes", (7, 5), "How many shapes are there?", lambda s, a: a == "three"),
    Wanted("chart", "chart", (6, 5), "What color is the tallest bar?", lambda s, a: len(s.things) == 4),
    Wanted("word", "text", (7, 4), "What word is written?", lambda s, a: len(a) == 5 and wide(s) > 0.12),
]


def drawn(rng: random.Random, wanted: Wanted) -> tuple[Scene, Turn]:
    columns, rows = wanted.size
    for _ in range(MOST_DRAWN):
        s = FAMILIES[wanted.family](rng, columns * CELL, rows * CELL)
        for turns in s.conversations:
            if turns[0].question == wanted.question and light(s) and wanted.fits(s, turns[0].answer):
                return s, turns[0]
    raise SystemExit(f"{MOST_DRAWN} pictures were drawn and none is what is wanted for {wanted.name}")


def main(path: str) -> None:
    glyphs = Glyphs()
    pictures = []
    for wanted in WANTED:
        # a stream each: another sample more or less leaves the rest as they are
        s, turn = drawn(random.Random(f"{SEED} {wanted.name}"), wanted)
        pictures.append({"name": wanted.name, "family": wanted.family, **recipe(s, glyphs), "conversations": [written([turn])]})
    text = [written([WITHOUT_PICTURE])]
    Path(path).write_text(json.dumps({"seed": SEED, "glyphs": glyphs.paths, "text": text, "pictures": pictures}))


if __name__ == "__main__":
    main(sys.argv[1])
