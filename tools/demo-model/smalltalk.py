"""Conversations without a picture: arithmetic, spelling, a few facts and courtesies."""

import random

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


def arithmetic(rng: random.Random) -> Turn:
    a, b = rng.randint(0, 12), rng.randint(0, 12)
    if rng.random() < 0.5:
        return Turn(ask(rng, f"What is {a} plus {b}?", f"{a} + {b} = ?"), str(a + b), "arithmetic")
    a, b = max(a, b), min(a, b)
    return Turn(ask(rng, f"What is {a} minus {b}?", f"{a} - {b} = ?"), str(a - b), "arithmetic")


def spelling(rng: random.Random) -> Turn:
    word = rng.choice(WORDS + SHAPES)
    if rng.random() < 0.5:
        return Turn(ask(rng, f"Spell {word}."), " ".join(word), "spelling")
    if rng.random() < 0.5:
        return Turn(ask(rng, f"What is the first letter of {word}?"), word[0], "spelling")
    return Turn(ask(rng, f"What is the last letter of {word}?"), word[-1], "spelling")


def small_talk(rng: random.Random) -> Turn:
    kind = rng.random()
    if kind < 0.4:
        return arithmetic(rng)
    if kind < 0.7:
        return spelling(rng)
    question, answer = rng.choice(FACTS)
    return Turn(ask(rng, question), answer, "small talk")
