"""Records what the torch model answers: `python record.py build/deep.pt TEST_JSON PICTURES_FOLDER N OUTPUT_JSON`.

The pictures are those `draw.ts` made, so both models see the same pixels. Weights are rounded to F16, as the GGUF holds them.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from chat import RowBuilder
from drawing import Picture
from model import Config, VisionLanguageModel, rope
from scenes import Scene, Turn
from tokenizer import SPECIAL, Tokenizer
from train import normalised

MOST_TOKENS = 48


def load(checkpoint: str) -> VisionLanguageModel:
    state = torch.load(checkpoint, map_location="cpu")["model"]
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("text.blocks."))
    model = VisionLanguageModel(Config(layers=layers))
    model.load_state_dict({name: v.half().float() if v.dim() == 2 else v for name, v in state.items()})
    return model.eval()


def asked(t: Tokenizer, width: int, height: int, question: str) -> tuple[list[int], list[list[int]]]:
    """Tokens and positions of a question about a picture, as they were trained, up to where the answer begins."""
    builder = RowBuilder(t, 4096)
    builder.add(Turn(question, "", ""), Scene("", Picture(width, height, []), []))
    # the row ends with the empty answer's end mark and a newline, which the model is to say itself
    return builder.row.ids[:-2], [axis[:-2] for axis in builder.row.positions]


def written(t: Tokenizer, ids: list[int]) -> str:
    """The prompt as text, with one token standing for the whole picture."""
    pad = t.id["<|image_pad|>"]
    kept = [token for i, token in enumerate(ids) if token != pad or ids[i - 1] != pad]
    return "".join(t.tokens[token] if t.tokens[token] in SPECIAL else t.decode([token]) for token in kept)


def answer(model: VisionLanguageModel, t: Tokenizer, px: np.ndarray, question: str) -> list[int]:
    """Greedy answer tokens to one question about one picture [H, W, 3]."""
    height, width, _ = px.shape
    ids, positions = asked(t, width, height, question)
    said: list[int] = []
    with torch.no_grad():
        features = model.vision(normalised(px[None]))
        while len(said) < MOST_TOKENS:
            cos, sin = rope(model.c, torch.tensor([positions]))
            x = model.embed(torch.tensor([ids]), features, t.id["<|image_pad|>"])
            token = int(model.logits(model.text(x, cos, sin)[0][0, -1]).argmax())
            if t.tokens[token] in ("<|im_end|>", "<|endoftext|>"):
                break
            said.append(token)
            ids.append(token)
            positions = [[*axis, positions[0][-1] + 1] for axis in positions]
    return said


def main(checkpoint: str, test: str, pictures: str, count: str, output: str) -> None:
    t = Tokenizer.load()
    model = load(checkpoint)
    out = []
    for i, picture in enumerate(json.loads(Path(test).read_text())["pictures"][: int(count)]):
        question = picture["conversations"][0][0]["question"]
        px = np.asarray(Image.open(Path(pictures) / f"{i}.png").convert("RGB"), np.uint8)
        prompt = written(t, asked(t, px.shape[1], px.shape[0], question)[0])
        said = t.decode(answer(model, t, px, question))
        out.append({"picture": i, "question": question, "prompt": prompt, "answer": said})
    Path(output).write_text("[\n" + ",\n".join(json.dumps(o) for o in out) + "\n]\n")
    print(f"{len(out)} answers in {output}")


if __name__ == "__main__":
    main(*sys.argv[1:])
