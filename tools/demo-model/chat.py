"""Conversations as rows of tokens: Qwen2.5-VL's chat template, labels on the answers, M-RoPE positions."""

import random
from dataclasses import dataclass

import numpy as np

from scenes import Scene, Turn, scene, shapes_scene
from smalltalk import small_talk
from tokenizer import Tokenizer

SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
CELL = 28  # pixels a side that one picture token covers: 14-pixel patches, merged two by two
IGNORE = -100
# width × height in cells; 16 to 36 picture tokens
SIZES = [(4, 4), (4, 4), (5, 4), (4, 5), (5, 5), (6, 4), (4, 6), (6, 5), (5, 6), (7, 4), (6, 6), (8, 3), (3, 6), (7, 5)]
WEIGHTS = {"shapes": 0.52, "text": 0.16, "chart": 0.28, "clutter": 0.04}
TEXT_ONLY_SHARE = 0.4
# how much sooner than others a skill is asked about a picture: these were behind
EAGERNESS = {"position": 6.0, "relation": 4.0, "size": 3.0, "chart": 3.0, "counting": 2.0, "colour": 1.5}


@dataclass
class Row:
    """`ids`, `labels`: length N; `positions`: 3 × N (time, height, width); picture tokens are where ids is image_pad."""

    ids: list[int]
    labels: list[int]
    positions: list[list[int]]
    scenes: list[Scene]


class RowBuilder:
    """Appends turns to one row while there is room."""

    def __init__(self, tokenizer: Tokenizer, length: int):
        self.t = tokenizer
        self.length = length
        self.row = Row([], [], [[], [], []], [])
        self.next_position = 0
        self._append(tokenizer.encode(SYSTEM))

    def _append(self, ids: list[int], labelled: bool = False) -> None:
        self.row.ids += ids
        self.row.labels += ids if labelled else [IGNORE] * len(ids)
        for axis in self.row.positions:
            axis += range(self.next_position, self.next_position + len(ids))
        self.next_position += len(ids)

    def _append_picture(self, columns: int, rows: int) -> None:
        count = columns * rows
        self.row.ids += [self.t.id["<|image_pad|>"]] * count
        self.row.labels += [IGNORE] * count
        at = self.next_position
        self.row.positions[0] += [at] * count
        self.row.positions[1] += [at + i // columns for i in range(count)]
        self.row.positions[2] += [at + i % columns for i in range(count)]
        # after a picture positions go on at its longer side, not at its token count
        self.next_position = at + max(columns, rows)

    def add(self, turn: Turn, picture: Scene | None = None) -> bool:
        """False, and nothing added, when the turn doesn't fit any more."""
        t = self.t
        question = t.encode(f"{turn.question}<|im_end|>\n<|im_start|>assistant\n")
        answer = t.encode(f"{turn.answer}<|im_end|>")
        opening = t.encode("<|im_start|>user\n")
        around = t.encode("<|vision_start|>") + t.encode("<|vision_end|>") if picture else []
        columns, rows = (picture.picture.width // CELL, picture.picture.height // CELL) if picture else (0, 0)
        need = len(opening) + len(around) + columns * rows + len(question) + len(answer) + 1
        if len(self.row.ids) + need > self.length:
            return False
        self._append(opening)
        if picture:
            self._append(around[:1])
            self._append_picture(columns, rows)
            self._append(around[1:])
            self.row.scenes.append(picture)
        self._append(question)
        self._append(answer, labelled=True)
        self._append(t.encode("\n"))
        return True


def add_scene(builder: RowBuilder, rng: random.Random, s: Scene, most: int, describe_first: bool) -> bool:
    """Up to `most` turns about one picture; False when the row is full."""
    # a shuffle in which the eager come sooner (Efraimidis and Spirakis 2006)
    conversations = sorted(s.conversations, key=lambda turns: -(rng.random() ** (1 / EAGERNESS.get(turns[0].skill, 1.0))))
    if describe_first:
        conversations.sort(key=lambda turns: turns[0].skill != "description")
    picture: Scene | None = s
    for turn in [turn for turns in conversations for turn in turns][:most]:
        if not builder.add(turn, picture):
            return False
        picture = None
    return True


def training_row(
    tokenizer: Tokenizer, rng: random.Random, length: int, size: tuple[int, int], text_only: bool, easy: bool
) -> Row:
    """One row of several pictures of one size, each with a few turns; or of small talk alone. Easy ones show one or two shapes
    and begin with a description: nothing teaches a text model to look like having to name all there is."""
    builder = RowBuilder(tokenizer, length)
    if text_only:
        while builder.add(small_talk(rng)):
            pass
        return builder.row
    # now and then the talk begins before the picture comes
    if rng.random() < 0.1:
        builder.add(small_talk(rng))
    width, height = size[0] * CELL, size[1] * CELL
    while True:
        shown = shapes_scene(rng, width, height, most=2) if easy else scene(rng, width, height, WEIGHTS)
        most = rng.randint(2, 4) if easy else rng.randint(4, 10)
        if not add_scene(builder, rng, shown, most, describe_first=easy or rng.random() < 0.3):
            break
        if rng.random() < 0.1:
            builder.add(small_talk(rng))
    return builder.row


@dataclass
class Batch:
    """B rows padded to N tokens, and the P pictures in them, of one size, in the order of their tokens.

    `ids`, `labels`: int64 B × N; `positions`: int64 B × 3 × N; `scenes`: P scenes.
    """

    ids: np.ndarray
    labels: np.ndarray
    positions: np.ndarray
    scenes: list[Scene]


def collate(rows: list[Row], length: int, pad: int) -> Batch:
    ids = np.full((len(rows), length), pad, np.int64)
    labels = np.full((len(rows), length), IGNORE, np.int64)
    positions = np.zeros((len(rows), 3, length), np.int64)
    for i, row in enumerate(rows):
        n = len(row.ids)
        ids[i, :n], labels[i, :n], positions[i, :, :n] = row.ids, row.labels, row.positions
    return Batch(ids, labels, positions, [s for row in rows for s in row.scenes])


def training_batch(tokenizer: Tokenizer, rng: random.Random, rows: int, length: int, easy: bool) -> Batch:
    size = SIZES[0] if easy else rng.choice(SIZES)
    text_only = rng.random() < TEXT_ONLY_SHARE
    made = [training_row(tokenizer, rng, length, size, text_only, easy) for _ in range(rows)]
    return collate(made, length, tokenizer.id["<|endoftext|>"])
