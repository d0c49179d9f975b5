"""Learns merges.json from what the scenes and conversations say: `python learn_tokenizer.py`."""

import json
import random
from pathlib import Path

from chat import SYSTEM
from scenes import FAMILIES
from smalltalk import small_talk
from tokenizer import MERGES, VOCABULARY, Tokenizer, learn


def corpus() -> list[str]:
    rng = random.Random("tokenizer")
    out = [SYSTEM] * 2000
    for _ in range(2500):
        family = rng.choice(list(FAMILIES.values()))
        for turns in family(rng, 112, 112).conversations:
            out += [f"user\n{turn.question}\nassistant\n{turn.answer}\n" for turn in turns]
    for _ in range(4000):
        turn = small_talk(rng)
        out.append(f"user\n{turn.question}\nassistant\n{turn.answer}\n")
    # ordinary English, so that text the scenes never say still takes few tokens
    for path in sorted(Path("/usr/share/common-licenses").iterdir()):
        if not path.is_symlink():
            out.append(path.read_text(errors="ignore"))
    return out


if __name__ == "__main__":
    MERGES.write_text(json.dumps(learn(corpus(), VOCABULARY)))
    print(f"{len(Tokenizer.load().tokens)} tokens in {MERGES.name}")
