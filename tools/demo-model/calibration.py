"""Writes a part of the model's own calibration set as recipes: `python calibration.py (calibrate|held-out) OUTPUT_JSON`.

Pictures with one conversation each, and conversations without a picture, both mixed as in training. Each part has a seed of its own:
neither the training streams, the held-out test nor the samples hold its pictures.
"""

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from chat import CELL, SIZES, WEIGHTS
from scenes import Scene, Turn, scene
from smalltalk import small_talk
from vqa_test import Glyphs, recipe, written


@dataclass
class Part:
    """`turns`: fewest and most about a picture; `talk`: fewest and most without one."""

    seed: str
    pictures: int
    turns: tuple[int, int]
    conversations: int
    talk: tuple[int, int]
    # every how many pictures the last turn, the one that is compared, describes: short answers alone would give few positions
    described: int | None


PARTS = {
    # some 33,000 tokens, half of them with pictures
    "calibrate": Part("calibration", pictures=160, turns=(2, 5), conversations=40, talk=(16, 24), described=None),
    "held-out": Part("calibration held-out", pictures=30, turns=(1, 3), conversations=46, talk=(1, 3), described=2),
}


def about(rng: random.Random, s: Scene, most: int, described: bool) -> list[Turn]:
    """Up to `most` turns, follow-ups behind what they follow."""
    conversations = s.conversations[:]
    rng.shuffle(conversations)
    last = next(turns for turns in conversations if turns[0].skill == "description") if described else []
    turns = [turn for turns in conversations if turns is not last for turn in turns]
    return turns[: most - len(last)] + last


def made(part: Part) -> dict:
    glyphs = Glyphs()
    rng = random.Random(f"{part.seed} pictures")
    pictures = []
    for i in range(part.pictures):
        columns, rows = rng.choice(SIZES)
        s = scene(rng, columns * CELL, rows * CELL, WEIGHTS)
        turns = about(rng, s, rng.randint(*part.turns), part.described is not None and i % part.described == 0)
        pictures.append({"family": s.family, **recipe(s, glyphs), "conversations": [written(turns)]})
    rng = random.Random(f"{part.seed} talk")
    text = [written([small_talk(rng) for _ in range(rng.randint(*part.talk))]) for _ in range(part.conversations)]
    return {"seed": part.seed, "glyphs": glyphs.paths, "text": text, "pictures": pictures}


def main(name: str, path: str) -> None:
    Path(path).write_text(json.dumps(made(PARTS[name])))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
