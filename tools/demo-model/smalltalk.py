"""Conversations without a picture: arithmetic, spelling, things learnt by heart, and courtesies."""

import random
from pathlib import Path

from knowledge import CAPITALS, FRENCH, GERMAN
from scenes import SHAPES, WORDS, Turn, ask

FACTS = [
    ("What color is the sky?", "blue"),
    ("What color is grass?", "green"),
    ("What color is snow?", "white"),
    ("What color is coal?", "black"),
    ("What color is a lemon?", "yellow"),
    ("How many sides does a triangle have?", "three"),
    ("How many sides does a square have?", "four"),
    ("How many points does a star have?", "five"),
    ("Which is bigger, a cat or a bus?", "a bus"),
    ("What is the opposite of left?", "right"),
    ("What is the opposite of hot?", "cold"),
    ("What is the opposite of up?", "down"),
    ("What is the opposite of north?", "south"),
    ("What comes after three?", "four"),
    ("What comes before three?", "two"),
    ("Hello!", "Hello! Show me a picture and ask me about it."),
    ("Hi!", "Hello! Show me a picture and ask me about it."),
    ("Who are you?", "I am Snug's demo model, a very small one."),
    ("What can you do?", "I answer questions about shapes, words and bar charts in pictures."),
    ("How are you?", "Fine, thank you."),
    ("Thank you.", "You are welcome."),
    ("Thanks!", "You are welcome."),
    ("Goodbye.", "Goodbye!"),
    ("What is in the picture?", "There is no picture yet."),
    ("Describe the image.", "There is no picture yet."),
    ("How many shapes are there?", "There is no picture yet."),
]
SPELT = sorted({*Path(__file__).with_name("words.txt").read_text().split(), *WORDS, *SHAPES})


def arithmetic(rng: random.Random) -> Turn:
    """Numbers up to 30, as often up to 12."""
    most = rng.choice([12, 30])
    a, b = rng.randint(0, most), rng.randint(0, most)
    larger, smaller = max(a, b), min(a, b)
    if rng.random() < 0.5:
        return Turn(ask(rng, f"What is {a} plus {b}?", f"{a} + {b} = ?"), str(a + b), "arithmetic")
    return Turn(ask(rng, f"What is {larger} minus {smaller}?", f"{larger} - {smaller} = ?"), str(larger - smaller), "arithmetic")


def spelling(rng: random.Random) -> Turn:
    word = rng.choice(SPELT)
    way = rng.random()
    if way < 0.4:
        return Turn(ask(rng, f"Spell {word}."), " ".join(word), "spelling")
    if way < 0.6:
        return Turn(ask(rng, f"Spell {word} backwards."), " ".join(reversed(word)), "spelling")
    if way < 0.7:
        return Turn(ask(rng, f"How many letters are in {word}?"), str(len(word)), "spelling")
    if way < 0.85:
        return Turn(ask(rng, f"What is the first letter of {word}?"), word[0], "spelling")
    return Turn(ask(rng, f"What is the last letter of {word}?"), word[-1], "spelling")


def by_heart(rng: random.Random) -> Turn:
    kind = rng.randrange(4)
    if kind == 0:
        country, capital = rng.choice(list(CAPITALS.items()))
        return Turn(ask(rng, f"What is the capital of {country}?"), capital, "by heart")
    if kind < 3:
        language, words = [("German", GERMAN), ("French", FRENCH)][kind - 1]
        english, foreign = rng.choice(list(words.items()))
        asked = ask(rng, f"What is {english} in {language}?", f"What is the {language} word for {english}?")
        return Turn(asked, foreign, "by heart")
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    return Turn(ask(rng, f"What is {a} times {b}?", f"{a} * {b} = ?"), str(a * b), "by heart")


def small_talk(rng: random.Random) -> Turn:
    kind = rng.random()
    if kind < 0.34:
        return arithmetic(rng)
    if kind < 0.62:
        return spelling(rng)
    if kind < 0.92:
        return by_heart(rng)
    question, answer = rng.choice(FACTS)
    return Turn(ask(rng, question), answer, "small talk")
