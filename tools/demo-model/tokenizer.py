"""A byte-level BPE in Qwen2's format. `learn_tokenizer.py` writes its merges.json."""

import collections
import json
import re
from pathlib import Path

MERGES = Path(__file__).with_name("merges.json")
VOCABULARY = 2048
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
# Qwen2's pre-tokenizer (llama.cpp: LLAMA_VOCAB_PRE_TYPE_QWEN2), for Python's re: \p{L} is [^\W\d_], \p{N} is \d
PIECES = re.compile(
    r"'(?:[sdmtSDMT]|ll|ve|re)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_alphabet() -> list[str]:
    """GPT-2's printable stand-in for each of the 256 bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(spare)) for b in range(256)]


ALPHABET = byte_alphabet()


def merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out, i = [], 0
    while i < len(word):
        if word[i : i + 2] == pair:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def learn(corpus: list[str], size: int) -> list[tuple[str, str]]:
    """Merges of the most frequent pairs until the vocabulary holds `size` tokens."""
    words: collections.Counter = collections.Counter()
    for text in corpus:
        for piece in PIECES.findall(text):
            words[tuple(ALPHABET[b] for b in piece.encode())] += 1
    merges: list[tuple[str, str]] = []
    tokens = set(ALPHABET)
    while len(tokens) + len(SPECIAL) < size:
        pairs: collections.Counter = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = max(pairs.items(), key=lambda item: (item[1], item[0]))[0]
        merges.append(best)
        tokens.add(best[0] + best[1])
        again: collections.Counter = collections.Counter()
        for word, count in words.items():
            again[merged(word, best)] += count
        words = again
    return merges


class Tokenizer:
    def __init__(self, merges: list[list[str]]):
        self.merges = [tuple(m) for m in merges]
        # two merges can spell the same token; the vocabulary holds it once
        self.tokens = list(dict.fromkeys([*ALPHABET, *(a + b for a, b in self.merges)])) + SPECIAL
        self.id = {token: i for i, token in enumerate(self.tokens)}
        self._rank = {merge: i for i, merge in enumerate(self.merges)}
        self._cache: dict[str, list[int]] = {}
        self._special = re.compile("(" + "|".join(re.escape(s) for s in SPECIAL) + ")")
        self._byte = {character: b for b, character in enumerate(ALPHABET)}

    @staticmethod
    def load() -> "Tokenizer":
        return Tokenizer(json.loads(MERGES.read_text()))

    def _piece(self, piece: str) -> list[int]:
        if piece not in self._cache:
            word = tuple(ALPHABET[b] for b in piece.encode())
            while len(word) > 1:
                best = min(zip(word, word[1:]), key=lambda pair: self._rank.get(pair, 1 << 30))
                if best not in self._rank:
                    break
                word = merged(word, best)
            self._cache[piece] = [self.id[token] for token in word]
        return self._cache[piece]

    def encode(self, text: str) -> list[int]:
        out: list[int] = []
        for part in self._special.split(text):
            if part in SPECIAL:
                out.append(self.id[part])
            else:
                for piece in PIECES.findall(part):
                    out += self._piece(piece)
        return out

    def decode(self, ids: list[int]) -> str:
        text = "".join(self.tokens[i] for i in ids if self.tokens[i] not in SPECIAL)
        return bytes(self._byte[c] for c in text).decode("utf-8", "replace")
