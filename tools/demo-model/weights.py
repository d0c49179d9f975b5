"""Weights without the optimizer, as F16: what a later training can start from (`train.py --start FILE`).
`python weights.py build/shallow.pt FILE.npz`."""

import sys

import numpy as np
import torch

PARTS = ("model", "heads", "places")


def save(checkpoint: str, path: str) -> None:
    kept = torch.load(checkpoint, map_location="cpu")
    arrays = {f"{part}.{name}": v.numpy().astype(np.float16) for part in PARTS for name, v in kept[part].items()}
    np.savez_compressed(path, looks=kept["looks"], step=kept["step"], **arrays)


def load(path: str) -> dict:
    """As a checkpoint has it: state dicts of its parts, and whether the text model looks."""
    with np.load(path) as arrays:
        parts: dict = {"looks": bool(arrays["looks"])}
        for name in arrays.files:
            part, _, rest = name.partition(".")
            if part in PARTS:
                parts.setdefault(part, {})[rest] = torch.from_numpy(arrays[name].astype(np.float32))
    return parts


if __name__ == "__main__":
    save(*sys.argv[1:])
