"""Says how long a checkpoint and the stages before it were trained: `python trained.py build/deep.pt`."""

import sys
from pathlib import Path

import torch

STAGES = ["vision", "shallow", "deep"]


def main(checkpoint: str) -> None:
    path = Path(checkpoint)
    known = path.stem in STAGES
    names = STAGES[: STAGES.index(path.stem) + 1] if known else [path.stem]
    said = []
    for name in names:
        stage = path.with_stem(name)
        if stage.exists():
            kept = torch.load(stage, map_location="cpu", mmap=True)
            said.append(f"{name} {kept['seconds'] / 60:.0f} minutes ({kept['step']} steps)")
    print(", ".join(said))


if __name__ == "__main__":
    main(sys.argv[1])
