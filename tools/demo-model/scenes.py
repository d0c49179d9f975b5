"""Scenes: a picture, the conversations that can be had about it, and what each part of it shows."""

import random
from dataclasses import dataclass, field

from drawing import BACKGROUNDS, COLOURS, FONTS, SHAPES, Picture, font, jitter, rectangle, shape

NUMBERS = ["zero", "one", "two", "three", "four", "five"]
WORDS = (
    "stop open exit sale cafe milk tea bus taxi bank hotel park zoo shop pizza bread fish apple lemon music "
    "north south east west push pull hot cold left right up down one two three four five six seven eight nine ten "
    "cat dog sun moon star tree home love"
).split()
CANNOT_TELL = "I can't tell."
UNANSWERABLE = [
    "Who made this?",
    "When was this made?",
    "Where was this taken?",
    "What time is it?",
    "What is the name of the owner?",
    "How much does it cost?",
    "How heavy is it?",
    "What is behind it?",
    "Who is this?",
    "What will happen next?",
]
NO_TEXT = "There is no text."
DESCRIBE = ["Describe the image.", "What is in the image?", "What do you see?"]
IN_DETAIL = "Describe the image in detail."


@dataclass
class Turn:
    question: str
    answer: str
    skill: str


@dataclass
class Thing:
    """One thing to be seen, for training the vision tower: its box in pixels and the names it should be known by."""

    box: tuple[float, float, float, float]
    colour: str | None = None
    kind: str | None = None
    value: int | None = None
    character: str | None = None


@dataclass
class Scene:
    """`conversations`: lists of turns that belong together in that order (a question and its follow-ups)."""

    family: str
    picture: Picture
    conversations: list[list[Turn]]
    things: list[Thing] = field(default_factory=list)
    text: str | None = None


def ask(rng: random.Random, *ways: str) -> str:
    """One of several ways to ask, now and then typed carelessly."""
    question = rng.choice(ways)
    if rng.random() < 0.08:
        question = question.lower().rstrip("?.")
    return question


def an(name: str) -> str:
    return f"an {name}" if name[0] in "aeio" else f"a {name}"


def unanswerable(rng: random.Random) -> list[Turn]:
    return [Turn(ask(rng, rng.choice(UNANSWERABLE)), CANNOT_TELL, "unanswerable")]


@dataclass
class Placed:
    kind: str
    colour: str
    size: str
    x: float
    y: float
    radius: float

    @property
    def name(self) -> str:
        return f"{self.colour} {self.kind}"


def place(rng: random.Random, width: int, height: int, background: str, most: int) -> list[Placed]:
    """One to five shapes (up to `most`) that don't touch; each pair of colour and shape occurs once, so names are unambiguous."""
    side = min(width, height)
    wanted = min(most, rng.choice([1, 2, 2, 3, 3, 4, 4, 5]))
    colours = [c for c in COLOURS if c != background]
    placed: list[Placed] = []
    for _ in range(200):
        if len(placed) == wanted:
            break
        big = rng.random() < (0.5 if wanted < 4 else 0.3)
        r = (rng.uniform(0.165, 0.21) if big else rng.uniform(0.09, 0.115)) * side
        x, y = rng.uniform(r * 1.15, width - r * 1.15), rng.uniform(r * 1.15, height - r * 1.15)
        if any((x - p.x) ** 2 + (y - p.y) ** 2 < (1.2 * (r + p.radius)) ** 2 for p in placed):
            continue
        free = [(s, c) for s in SHAPES for c in colours if not any(p.kind == s and p.colour == c for p in placed)]
        kind, colour = rng.choice(free)
        placed.append(Placed(kind, colour, "big" if big else "small", x, y, r))
    return placed


def position(p: Placed, width: int, height: int) -> str | None:
    """The quarter of the picture a shape's centre is in; None when it is so near a middle line that a person would hesitate."""
    if abs(p.x - width / 2) < 0.12 * width or abs(p.y - height / 2) < 0.12 * height:
        return None
    return f"{'top' if p.y < height / 2 else 'bottom'} {'left' if p.x < width / 2 else 'right'}"


def about_one(rng: random.Random, p: Placed, placed: list[Placed], where: str | None) -> list[list[Turn]]:
    """What can be asked of one shape, with follow-ups that say "it"."""
    out = []
    same_kind = [q for q in placed if q.kind == p.kind]
    same_colour = [q for q in placed if q.colour == p.colour]
    locate = [Turn(ask(rng, "Where is it?"), where, "position")] if where else []
    if len(same_kind) == 1:
        colour = Turn(ask(rng, f"What color is the {p.kind}?", f"What colour is the {p.kind}?"), p.colour, "colour")
        out.append([colour, *(locate if rng.random() < 0.3 else [])])
        out.append([Turn(ask(rng, f"Is the {p.kind} big or small?"), p.size, "size")])
    if len(same_colour) == 1:
        kind = Turn(ask(rng, f"What shape is {p.colour}?", f"Which shape is {p.colour}?"), p.kind, "shape")
        out.append([kind, *(locate if rng.random() < 0.3 else [])])
    if where:
        out.append([Turn(ask(rng, f"Where is the {p.name}?"), where, "position")])
    return out


def existence(rng: random.Random, placed: list[Placed]) -> list[list[Turn]]:
    """As many questions answered yes as no; half of the noes change only the colour or only the shape of one there."""
    out = []
    names = {(p.colour, p.kind) for p in placed}
    for p in placed:
        out.append([Turn(ask(rng, f"Is there {an(p.name)}?"), "yes", "existence")])
        colour, kind = rng.choice(list(COLOURS)), rng.choice(SHAPES)
        near = rng.random()
        pair = (p.colour, kind) if near < 0.25 else (colour, p.kind) if near < 0.5 else (colour, kind)
        while pair in names:
            pair = (rng.choice(list(COLOURS)), rng.choice(SHAPES))
        out.append([Turn(ask(rng, f"Is there {an(f'{pair[0]} {pair[1]}')}?"), "no", "existence")])
    return out


def counting(rng: random.Random, placed: list[Placed]) -> list[list[Turn]]:
    out = [[Turn(ask(rng, "How many shapes are there?", "How many shapes do you see?"), NUMBERS[len(placed)], "counting")]]
    for kind in SHAPES:
        n = sum(p.kind == kind for p in placed)
        if n or rng.random() < 0.25:
            out.append([Turn(ask(rng, f"How many {kind}s are there?"), NUMBERS[n], "counting")])
    for colour in COLOURS:
        n = sum(p.colour == colour for p in placed)
        if n > 1 or rng.random() < (0.4 if n else 0.04):
            out.append([Turn(ask(rng, f"How many {colour} shapes are there?"), NUMBERS[n], "counting")])
    return out


def relations(rng: random.Random, placed: list[Placed], width: int, height: int) -> list[list[Turn]]:
    out = []
    for _ in range(2):
        a, b = rng.sample(placed, 2)
        for axis, limit, first, second in (
            ("x", 0.15 * width, "left of", "right of"),
            ("y", 0.15 * height, "above", "below"),
        ):
            distance = getattr(b, axis) - getattr(a, axis)
            if abs(distance) > limit:
                way = rng.choice([first, first, second])
                answer = "yes" if (distance > 0) == (way == first) else "no"
                out.append([Turn(ask(rng, f"Is the {a.name} {way} the {b.name}?"), answer, "relation")])
    order = sorted(placed, key=lambda p: p.x)
    column = sorted(placed, key=lambda p: p.y)
    for which, first, second, axis, limit in (
        ("leftmost", order[0], order[1], "x", 0.12 * width),
        ("rightmost", order[-1], order[-2], "x", 0.12 * width),
        ("top", column[0], column[1], "y", 0.12 * height),
        ("bottom", column[-1], column[-2], "y", 0.12 * height),
    ):
        if abs(getattr(first, axis) - getattr(second, axis)) > limit and rng.random() < 0.6:
            out.append([Turn(ask(rng, f"What is the {which} shape?"), first.name, "relation")])
    return out


def missing(rng: random.Random, placed: list[Placed]) -> list[list[Turn]]:
    """Questions that take for granted what isn't there."""
    absent = [s for s in SHAPES if all(p.kind != s for p in placed)]
    out = []
    if absent:
        kind = rng.choice(absent)
        question = ask(rng, f"What color is the {kind}?", f"Where is the {kind}?", f"Is the {kind} big or small?")
        out.append([Turn(question, f"There is no {kind}.", "unanswerable")])
    if rng.random() < 0.3:
        out.append([Turn(ask(rng, "What does the image say?", "What word is written?"), NO_TEXT, "unanswerable")])
    return out


def shapes_scene(rng: random.Random, width: int, height: int, most: int = 5) -> Scene:
    background = rng.choice(list(BACKGROUNDS))
    picture = Picture(width, height, jitter(rng, BACKGROUNDS[background], 6))
    placed = place(rng, width, height, background, most)
    picture.primitives = [shape(p.kind, p.x, p.y, p.radius, jitter(rng, COLOURS[p.colour])) for p in placed]
    described = ", ".join(an(p.name) for p in sorted(placed, key=lambda p: p.x)).capitalize() + "."
    in_detail = ", ".join(f"a {p.size} {p.name}" for p in sorted(placed, key=lambda p: p.x)).capitalize() + "."
    conversations = [
        [Turn(ask(rng, *DESCRIBE), described, "description")],
        [Turn(ask(rng, IN_DETAIL), in_detail, "description")],
    ]
    for p in placed:
        conversations += about_one(rng, p, placed, position(p, width, height))
    conversations += existence(rng, placed) + counting(rng, placed) + missing(rng, placed)
    if len(placed) > 1:
        conversations += relations(rng, placed, width, height)
    if rng.random() < 0.4:
        conversations.append(unanswerable(rng))
    things = [
        Thing((p.x - p.radius, p.y - p.radius, p.x + p.radius, p.y + p.radius), p.colour, p.kind) for p in placed
    ]
    return Scene("shapes", picture, conversations, things)


def contrasting(background: tuple[int, int, int]) -> list[str]:
    """The colours that can be read on `background`."""
    return [c for c in COLOURS if sum(abs(a - b) for a, b in zip(COLOURS[c], background)) > 220]


def text_scene(rng: random.Random, width: int, height: int) -> Scene:
    word = rng.choice(WORDS) if rng.random() < 0.65 else str(rng.randint(0, 99))
    kind = "number" if word.isdigit() else "word"
    back = rng.choice(list(BACKGROUNDS.values()))
    colour = rng.choice(contrasting(back))
    shown = word.upper() if rng.random() < 0.5 else word
    face = rng.choice(FONTS)
    size, limit = rng.randint(34, 60), width * rng.uniform(0.8, 0.95)
    while size > 12 and (font(face, size).getlength(shown) > limit or size > height * 0.6):
        size -= 2
    f = font(face, size)
    left, top, right, bottom = f.getbbox(shown, anchor="ls")
    x = rng.uniform(2, max(3, width - (right - left) - 2)) - left
    baseline = rng.uniform(2, max(3, height - (bottom - top) - 2)) - top
    x, baseline = round(x, 1), round(baseline, 1)
    picture = Picture(width, height, jitter(rng, back, 6))
    picture.primitives = [["text", x, baseline, size, face, shown, jitter(rng, COLOURS[colour])]]
    things = []
    for i, character in enumerate(shown):
        x0, x1 = x + f.getlength(shown[:i]), x + f.getlength(shown[: i + 1])
        things.append(Thing((x0, baseline + top, x1, baseline + bottom), colour, "text", character=character.lower()))
    conversations = [
        [Turn(ask(rng, f"What {kind} is written?", f"Read the {kind}."), word, "reading")],
        [Turn(ask(rng, "What does the image say?", "What does it say?"), word, "reading")],
        [Turn(ask(rng, "What color is the text?", "What colour is the text?"), colour, "colour")],
        [Turn(ask(rng, "Is there any text?"), "yes", "existence")],
        [Turn(ask(rng, *DESCRIBE), f"The {kind} {word} in {colour}.", "description")],
        [Turn(ask(rng, "Is it a word or a number?"), kind, "reading")],
    ]
    if kind == "word":
        spell = Turn(ask(rng, "Spell it."), " ".join(word), "reading")
        conversations.append([Turn(ask(rng, "What word is written?"), word, "reading"), spell])
        backwards = Turn(ask(rng, "Spell it backwards."), " ".join(reversed(word)), "reading")
        conversations.append([Turn(ask(rng, "What does it say?"), word, "reading"), backwards])
        conversations.append([Turn(ask(rng, "How many letters does the word have?"), str(len(word)), "reading")])
    if rng.random() < 0.4:
        conversations.append([Turn(ask(rng, f"Is there a {rng.choice(SHAPES)}?"), "no", "existence")])
    if rng.random() < 0.25:
        conversations.append(unanswerable(rng))
    return Scene("text", picture, conversations, things, word)


def chart_scene(rng: random.Random, width: int, height: int) -> Scene:
    n = rng.randint(3, 5)
    colours = rng.sample([c for c in COLOURS if c != "white"], n)
    values = rng.sample(range(1, 10), n)
    base, top, axis = height - 12, 8, [60, 60, 60]
    picture = Picture(width, height, [252, 252, 252])
    unit = (base - top) / 9
    for v in range(1, 10):
        picture.primitives.append(rectangle(10, base - unit * v - 0.5, width - 4, base - unit * v + 0.5, [225, 225, 225]))
    picture.primitives.append(rectangle(9, top - 3, 11, base + 1, axis))
    picture.primitives.append(rectangle(9, base - 1, width - 4, base + 1, axis))
    slot = (width - 16) / n
    things = []
    for i, (colour, value) in enumerate(zip(colours, values)):
        x0 = 13 + i * slot + slot * 0.12
        x1, y0 = x0 + slot * 0.72, base - unit * value
        picture.primitives.append(rectangle(x0, y0, x1, base - 1, jitter(rng, COLOURS[colour])))
        things.append(Thing((x0, y0 - 4, x1, base), colour, "bar", value))
    tallest, shortest = colours[values.index(max(values))], colours[values.index(min(values))]
    value_follow = [Turn(ask(rng, "What is its value?"), str(max(values)), "chart")] if rng.random() < 0.5 else []
    conversations = [
        [Turn(ask(rng, "How many bars are there?"), NUMBERS[n], "counting")],
        [Turn(ask(rng, "What color is the tallest bar?", "Which bar is the tallest?"), tallest, "chart"), *value_follow],
        [Turn(ask(rng, "What color is the shortest bar?", "Which bar is the shortest?"), shortest, "chart")],
        [Turn(ask(rng, *DESCRIBE), f"A bar chart with {NUMBERS[n]} bars: {', '.join(colours)}.", "description")],
        [Turn(ask(rng, "What is the largest value?"), str(max(values)), "chart")],
        [Turn(ask(rng, "What is the smallest value?"), str(min(values)), "chart")],
        [Turn(ask(rng, "What color is the first bar?"), colours[0], "colour")],
        [Turn(ask(rng, "What color is the last bar?"), colours[-1], "colour")],
    ]
    for colour, value in zip(colours, values):
        conversations.append([Turn(ask(rng, f"What is the value of the {colour} bar?"), str(value), "chart")])
    for _ in range(2):
        a, b = rng.sample(range(n), 2)
        way = rng.choice(["taller", "shorter"])
        answer = "yes" if (values[a] > values[b]) == (way == "taller") else "no"
        conversations.append([Turn(ask(rng, f"Is the {colours[a]} bar {way} than the {colours[b]} bar?"), answer, "chart")])
    for _ in range(2):
        # the taller of the two is named first
        a, b = sorted(rng.sample(range(n), 2), key=lambda bar: -values[bar])
        question = ask(rng, f"How much taller is the {colours[a]} bar than the {colours[b]} bar?")
        conversations.append([Turn(question, str(values[a] - values[b]), "chart")])
        question = ask(rng, f"What is the sum of the {colours[b]} bar and the {colours[a]} bar?")
        conversations.append([Turn(question, str(values[a] + values[b]), "chart")])
    than = rng.randrange(n)
    taller = sum(value > values[than] for value in values)
    conversations.append([Turn(ask(rng, f"How many bars are taller than the {colours[than]} bar?"), NUMBERS[taller], "chart")])
    absent = rng.choice([c for c in COLOURS if c not in colours])
    conversations.append([Turn(ask(rng, f"Is there {an(absent)} bar?"), "no", "existence")])
    conversations.append([Turn(ask(rng, f"Is there {an(rng.choice(colours))} bar?"), "yes", "existence")])
    if rng.random() < 0.5:
        conversations.append([Turn(ask(rng, f"What is the value of the {absent} bar?"), f"There is no {absent} bar.", "unanswerable")])
    return Scene("chart", picture, conversations, things)


def clutter_scene(rng: random.Random, width: int, height: int) -> Scene:
    """Soft overlapping patches: what a photograph looks like to a model that knows only shapes. It can't tell, and says so."""
    tint = [rng.randint(0, 255) for _ in range(3)]
    spread = rng.choice([30, 70, 140])
    picture = Picture(width, height, list(tint), blur=rng.choice([0.0, 0.6, 1.2, 2.5, 5.0]))
    for _ in range(rng.randint(25, 90)):
        reach = min(width, height) * rng.choice([0.05, 0.12, 0.3, 0.6])
        colour = [max(0, min(255, t + rng.randint(-spread, spread))) for t in tint]
        picture.primitives.append(
            [
                "ellipse",
                round(rng.uniform(0, width), 1),
                round(rng.uniform(0, height), 1),
                round(reach * rng.uniform(0.2, 1), 1),
                round(reach * rng.uniform(0.2, 1), 1),
                colour,
                round(rng.uniform(0.2, 1), 2),
            ]
        )
    questions = [
        f"What color is the {rng.choice(SHAPES)}?",
        "How many shapes are there?",
        f"Is there {an(rng.choice(list(COLOURS)))} {rng.choice(SHAPES)}?",
        "What word is written?",
        "What does the image say?",
        f"Where is the {rng.choice(SHAPES)}?",
        "What color is the tallest bar?",
        rng.choice(UNANSWERABLE),
    ]
    conversations = [[Turn(ask(rng, q), CANNOT_TELL, "unanswerable")] for q in rng.sample(questions, 4)]
    conversations.append([Turn(ask(rng, *DESCRIBE), "A picture without shapes, words or charts that I know.", "description")])
    return Scene("clutter", picture, conversations)


FAMILIES = {"shapes": shapes_scene, "text": text_scene, "chart": chart_scene, "clutter": clutter_scene}


def scene(rng: random.Random, width: int, height: int, weights: dict[str, float]) -> Scene:
    """One scene of a family drawn by `weights`."""
    family = rng.choices(list(weights), list(weights.values()))[0]
    return FAMILIES[family](rng, width, height)
