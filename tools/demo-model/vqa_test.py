"""Writes the held-out test: `python vqa_test.py resources/demo-model/vqa-test/test.json`.

400 pictures as recipes (primitives and glyph outlines, so that they can be drawn again without fonts) and conversations about
them, plus conversations without a picture, which training asks as well: there is nothing unseen in what is learnt by heart. The
seed is its own; training streams are named "train …".
"""

import json
import random
import sys
from pathlib import Path

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from chat import CELL, SIZES
from drawing import FONT_FOLDER, font
from scenes import FAMILIES, Scene, Turn
from smalltalk import small_talk

SEED = "vqa-test"
PICTURES = {"shapes": 200, "text": 90, "chart": 90, "clutter": 20}
CONVERSATIONS_PER_PICTURE = 3
TEXT_ONLY = 340
UNITS = 1000


class Glyphs:
    """Outlines of the characters used, as SVG paths in thousandths of the font size with y downwards."""

    def __init__(self):
        self.paths: dict[str, dict[str, str]] = {}
        self._fonts: dict[str, TTFont] = {}

    def add(self, face: str, character: str) -> None:
        known = self.paths.setdefault(face, {})
        if character in known:
            return
        opened = self._fonts.setdefault(face, TTFont(f"{FONT_FOLDER}{face}.ttf"))
        glyphs, name = opened.getGlyphSet(), opened.getBestCmap()[ord(character)]
        scale = UNITS / opened["head"].unitsPerEm
        pen = SVGPathPen(glyphs, ntos=lambda v: f"{round(v)}")
        glyphs[name].draw(TransformPen(pen, (scale, 0, 0, -scale, 0, 0)))
        known[character] = pen.getCommands()


def recipe(s: Scene, glyphs: Glyphs) -> dict:
    primitives = []
    for primitive in s.picture.primitives:
        if primitive[0] != "text":
            primitives.append(primitive)
            continue
        _, x, baseline, size, face, string, colour = primitive
        f = font(face, size)
        for i, character in enumerate(string):
            glyphs.add(face, character)
            primitives.append(["glyph", round(x + f.getlength(string[:i]), 1), baseline, size, face, character, colour])
    return {
        "width": s.picture.width,
        "height": s.picture.height,
        "background": s.picture.background,
        "blur": s.picture.blur,
        "primitives": primitives,
    }


def written(turns: list[Turn]) -> list[dict]:
    return [{"question": t.question, "answer": t.answer, "skill": t.skill} for t in turns]


def chosen(rng: random.Random, s: Scene) -> list[list[Turn]]:
    """A few conversations of different skills, so that the frequent ones don't crowd out the rest."""
    conversations = s.conversations[:]
    rng.shuffle(conversations)
    picked: list[list[Turn]] = []
    skills: set[str] = set()
    for turns in conversations:
        if turns[0].skill not in skills and len(picked) < CONVERSATIONS_PER_PICTURE:
            picked.append(turns)
            skills.add(turns[0].skill)
    return picked


def main(path: str) -> None:
    rng = random.Random(SEED)
    glyphs = Glyphs()
    families = [family for family, count in PICTURES.items() for _ in range(count)]
    rng.shuffle(families)
    pictures = []
    for family in families:
        columns, rows = rng.choice(SIZES)
        s = FAMILIES[family](rng, columns * CELL, rows * CELL)
        conversations = [written(turns) for turns in chosen(rng, s)]
        pictures.append({"family": family, **recipe(s, glyphs), "conversations": conversations})
    text = [written([small_talk(rng)]) for _ in range(TEXT_ONLY)]
    out = Path(path)
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(p, separators=(",", ":")) for p in pictures)
    rest = f'"seed":{json.dumps(SEED)},\n"glyphs":{json.dumps(glyphs.paths)},\n"text":{json.dumps(text)}'
    out.write_text(f'{{{rest},\n"pictures":[\n{lines}\n]}}\n')
    count = sum(len(c) for p in pictures for c in p["conversations"]) + len(text)
    print(f"{len(pictures)} pictures, {count} questions, {out.stat().st_size / 1000:.0f} kB: {out}")


if __name__ == "__main__":
    main(sys.argv[1])
