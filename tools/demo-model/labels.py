"""What each 28 × 28 cell of a picture shows, as targets for training the vision tower before there is a language model.

A cell can show several things, so each label is a yes or no: "red", "star", "bar", "value 7", "character k". Colours, kinds and
values are labels apart: what a red star teaches of red serves every red thing.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from chat import CELL
from drawing import COLOURS, SHAPES
from scenes import WORDS, Scene, Thing

CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
LABELS = [*COLOURS, *SHAPES, "text", "bar", *(f"value {v}" for v in range(1, 10)), *(f"character {c}" for c in CHARACTERS)]
INDEX = {label: i for i, label in enumerate(LABELS)}
FIRST_CHARACTER = INDEX["character a"]
TEXTS = [*WORDS, *(str(i) for i in range(100))]
IGNORE = -100
# shares of a thing or of a cell that make the thing seen in that cell
SHARE = 0.25
CHARACTER_SHARE = 0.35


def labels_of(thing: Thing) -> list[str]:
    labels = [thing.colour, thing.kind]
    if thing.value:
        labels.append(f"value {thing.value}")
    if thing.character:
        labels.append(f"character {thing.character}")
    return labels


def overlap(a0: float, a1: float, b0: float, b1: float) -> float:
    return max(0.0, min(a1, b1) - max(a0, b0))


def cell_labels(s: Scene) -> np.ndarray:
    """[cells, labels] of 0 and 1."""
    columns, rows = s.picture.width // CELL, s.picture.height // CELL
    out = np.zeros((rows * columns, len(LABELS)), np.float32)
    for thing in s.things:
        x0, y0, x1, y1 = thing.box
        for cell in range(rows * columns):
            x, y = cell % columns * CELL, cell // columns * CELL
            across, down = overlap(x0, x1, x, x + CELL), overlap(y0, y1, y, y + CELL)
            if thing.character:
                seen = across > CHARACTER_SHARE * (x1 - x0) and down > CHARACTER_SHARE * (y1 - y0)
            else:
                seen = across * down > SHARE * min(CELL * CELL, (x1 - x0) * (y1 - y0))
            if seen:
                out[cell, [INDEX[label] for label in labels_of(thing)]] = 1
    return out


def picture_labels(scenes: list[Scene]) -> dict[str, torch.Tensor]:
    """Targets of P pictures of one size: `cells` P × cells × labels, `text` P (index of what is written, or IGNORE)."""
    text = [TEXTS.index(s.text) if s.text in TEXTS else IGNORE for s in scenes]
    return {"cells": torch.from_numpy(np.stack([cell_labels(s) for s in scenes])), "text": torch.tensor(text)}


def f1(predicted: torch.Tensor, target: torch.Tensor) -> float:
    """Of yes/no answers; 0 to 1."""
    both = (predicted & target).sum().item()
    return 2 * both / max(1, predicted.sum().item() + target.sum().item())


class Heads(nn.Module):
    """Reads the labels off the tower's features [P, cells, width]; thrown away after training."""

    def __init__(self, width: int):
        super().__init__()
        self.cells = nn.Linear(width, len(LABELS))
        self.slot = nn.Linear(width, 8)
        self.text = nn.Linear(8 * width, len(TEXTS))
        # most labels are absent from most cells
        nn.init.constant_(self.cells.bias, -4.0)

    def forward(self, features, labels) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss, and F1 of the things and of the characters seen, and the share of texts read."""
        target = labels["cells"]
        predicted = self.cells(features)
        loss = F.binary_cross_entropy_with_logits(predicted, target, reduction="none").sum(-1).mean()
        yes, true = predicted > 0, target > 0
        measures = {"things": f1(yes[..., :FIRST_CHARACTER], true[..., :FIRST_CHARACTER])}
        written = labels["text"] != IGNORE
        if written.any():
            measures["characters"] = f1(yes[..., FIRST_CHARACTER:], true[..., FIRST_CHARACTER:])
            f = features[written]
            pooled = self.slot(f).softmax(1).transpose(1, 2) @ f
            predicted, target = self.text(pooled.flatten(1)), labels["text"][written]
            loss = loss + 0.3 * F.cross_entropy(predicted, target)
            measures["texts"] = (predicted.argmax(-1) == target).float().mean().item()
        return loss, measures


class Places(nn.Module):
    """Reads row and column of each picture token off the text model [tokens, width]; thrown away after training.

    Nothing but M-RoPE's positions says where a cell is, and a question about places is too seldom right by looking for the text model to
    find that by itself: with 64 % of all answers right it still guessed where things are.
    """

    MOST = 8

    def __init__(self, width: int):
        super().__init__()
        self.row, self.column = nn.Linear(width, self.MOST), nn.Linear(width, self.MOST)

    def forward(self, hidden, rows, columns) -> tuple[torch.Tensor, float]:
        """The loss, and the share of cells placed right; `rows`, `columns`: int64 [tokens]."""
        row, column = self.row(hidden), self.column(hidden)
        right = (row.argmax(-1) == rows) & (column.argmax(-1) == columns)
        return F.cross_entropy(row, rows) + F.cross_entropy(column, columns), right.float().mean().item()
