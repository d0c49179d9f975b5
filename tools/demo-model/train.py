"""Trains the demo model: `python train.py STAGE --minutes M` for the stages vision, shallow, deep in this order.

vision   the vision tower alone, against what each cell of a picture shows (labels.py);
shallow  tower and a text model of half the layers, on conversations;
deep     every layer doubled (model.deepened), then on.

A stage starts from its own checkpoint when there is one (`build/STAGE.pt`), else from the stage before. Learning rates follow the
clock, so a stage that is stopped (SIGTERM and Ctrl-C save first) and started again goes on where it was. CUDA is used when there is one.
"""

import argparse
import dataclasses
import math
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import weights
from chat import CELL, IGNORE, SIZES, training_batch
from drawing import render
from labels import Heads, Places, picture_labels
from model import Config, VisionLanguageModel, deepened, rope
from muon import Muon
from pages import page_scene
from scenes import scene
from tokenizer import Tokenizer

BUILD = Path(__file__).with_name("build")
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BEFORE = {"shallow": "vision", "deep": "shallow"}
PEAK_RATE = {"vision": 2e-3, "shallow": 2e-3, "deep": 1.5e-3}
# a tower that has learnt to see unlearns it at the full rate while the text model knows nothing yet
TRAINED_TOWER_SHARE = 0.4
# of the pictures that train the tower alone
PAGES_SHARE = 0.5
VISION_WEIGHTS = {"shapes": 0.4, "text": 0.32, "chart": 0.25, "clutter": 0.03}
VISION_BATCH = 32
ROW_LENGTH = 256
SAVE_EVERY_S = 240
# share of right answer tokens on easy pictures that guessing does not reach
LOOKS = 0.88


def pixels(scenes) -> np.ndarray:
    """uint8 [P, H, W, 3]"""
    return np.stack([np.asarray(render(s.picture), np.uint8) for s in scenes])


def normalised(px: np.ndarray) -> torch.Tensor:
    x = torch.tensor(px).permute(0, 3, 1, 2).float() / 255
    return ((x - MEAN) / STD).to(DEVICE)


def vision_samples(_tokenizer: Tokenizer, rng: random.Random, _rows: int, _easy: float) -> tuple:
    columns, rows = rng.choice(SIZES)
    size = columns * CELL, rows * CELL
    pages = round(PAGES_SHARE * VISION_BATCH)
    scenes = [page_scene(rng, *size) for _ in range(pages)] + [scene(rng, *size, VISION_WEIGHTS) for _ in range(VISION_BATCH - pages)]
    return pixels(scenes), picture_labels(scenes)


def chat_samples(tokenizer: Tokenizer, rng: random.Random, rows: int, easy: float) -> tuple:
    batch = training_batch(tokenizer, rng, rows, ROW_LENGTH, rng.random() < easy)
    labels = picture_labels(batch.scenes) if batch.scenes else None
    return batch.ids, batch.labels, batch.positions, pixels(batch.scenes) if batch.scenes else None, labels


def produce(queue, make, seed: str, rows: int, easy) -> None:
    # Ctrl-C is for the trainer, which ends us when it has saved
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    rng = random.Random(seed)
    tokenizer = Tokenizer.load()
    while True:
        queue.put(make(tokenizer, rng, rows, easy.value))


class Producer:
    """Draws samples in processes of their own; the seed names the training stream, apart from every test's."""

    def __init__(self, make, seed: str, rows: int, workers: int):
        self.queue = multiprocessing.Queue(8)
        # share of batches with easy pictures; set while training
        self.easy = multiprocessing.Value("d", 0.0)
        self.processes = [
            multiprocessing.Process(target=produce, args=(self.queue, make, f"train {seed} {i}", rows, self.easy), daemon=True)
            for i in range(workers)
        ]
        for p in self.processes:
            p.start()

    def next(self):
        return self.queue.get()

    def close(self) -> None:
        for p in self.processes:
            p.terminate()


class Clock:
    """How far into a stage's minutes we are, over all its runs."""

    def __init__(self, minutes: float, spent_s: float):
        self.minutes, self.spent_s = minutes, spent_s
        self.started = time.time()

    def seconds(self) -> float:
        return self.spent_s + time.time() - self.started

    def share(self) -> float:
        return self.seconds() / 60 / self.minutes


class Optimizers:
    """Muon for the matrices inside layers, AdamW for all else (embedding, patches, heads, norms, biases: those don't decay); one learning
    rate for both, of which each module takes its share."""

    def __init__(self, parts: list[tuple[nn.Module, float]]):
        hidden, flat, vectors = [], [], []
        for module, share in parts:
            named = list(module.named_parameters())
            inner = [p for name, p in named if p.dim() > 1 and name.startswith(("blocks.", "merge"))]
            outer = [p for name, p in named if p.dim() > 1 and not name.startswith(("blocks.", "merge"))]
            hidden.append({"params": inner, "share": share})
            flat.append({"params": outer, "share": share, "weight_decay": 0.05})
            vectors.append({"params": [p for _, p in named if p.dim() < 2], "share": share, "weight_decay": 0.0})
        self.parameters = [p for module, _ in parts for p in module.parameters()]
        adamw = torch.optim.AdamW([g for g in flat + vectors if g["params"]], betas=(0.9, 0.98), fused=True)
        self.all = [Muon([g for g in hidden if g["params"]]), adamw]

    def step(self, loss: torch.Tensor, rate: float) -> None:
        for optimizer in self.all:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer in self.all:
            optimizer.step()

    def state_dict(self) -> list[dict]:
        return [optimizer.state_dict() for optimizer in self.all]

    def load_state_dict(self, states: list[dict]) -> None:
        for optimizer, state in zip(self.all, states):
            optimizer.load_state_dict(state)


def learning_rate(peak: float, step: int, share: float) -> float:
    """Warm-up over 50 steps, flat for the first half, then a straight line to 2 %."""
    return peak * min(1, (step + 1) / 50) * max(0.02, min(1.0, (1 - share) * 2))


class Averages(dict):
    def see(self, name: str, value: float) -> None:
        self[name] = 0.97 * self.get(name, value) + 0.03 * value


class Stage:
    """Model, heads, optimizer and clock of one stage, kept in one checkpoint."""

    def __init__(self, name: str, minutes: float, start: str | None):
        self.name = name
        self.path = BUILD / f"{name}.pt"
        whole = Config()
        self.config = whole if name == "deep" else dataclasses.replace(whole, layers=whole.layers // 2)
        self.model, self.heads = VisionLanguageModel(self.config), Heads(self.config.width)
        self.places = Places(self.config.width)
        self.step = 0
        # whether the text model has learnt to look at easy pictures; until then it sees little else
        self.looks = name == "deep"
        spent = 0.0
        kept = None
        if self.path.exists():
            kept = torch.load(self.path)
            if "optimizers" not in kept:
                raise SystemExit(f"{self.path} was kept by an older train.py; delete it or make a start of it with weights.py")
            spent, self.step, self.looks = kept["seconds"], kept["step"], kept["looks"]
        elif start is not None:
            kept = weights.load(start)
            self.looks = self.looks or kept["looks"]
        elif name in BEFORE:
            kept = torch.load(BUILD / f"{BEFORE[name]}.pt")
        if kept:
            state = kept["model"]
            deepen = f"text.blocks.{self.config.layers - 1}.norm1.weight" not in state
            self.model.load_state_dict(deepened(state, self.config) if deepen else state)
            self.heads.load_state_dict(kept["heads"])
            if "places" in kept:
                self.places.load_state_dict(kept["places"])
        self.model.to(DEVICE), self.heads.to(DEVICE), self.places.to(DEVICE)
        tower = 1.0 if name == "vision" else TRAINED_TOWER_SHARE
        parts = [(self.model.vision, tower), (self.heads, tower)]
        if name != "vision":
            parts += [(self.model.embedding, 1.0), (self.model.text, 1.0), (self.places, 1.0)]
        self.optimizers = Optimizers(parts)
        if self.path.exists():
            self.optimizers.load_state_dict(kept["optimizers"])
        self.clock = Clock(minutes, spent)
        self.saved = time.time()
        self.averages = Averages()

    def update(self, loss: torch.Tensor) -> None:
        rate = learning_rate(PEAK_RATE[self.name], self.step, self.clock.share())
        self.optimizers.step(loss, rate)
        self.step += 1
        if self.averages.get("picture right", 0) > LOOKS and self.step > 50:
            self.looks = True
        if self.step % 25 == 0:
            seen = " ".join(f"{k} {v:.3f}" for k, v in self.averages.items())
            print(f"{self.name} {self.clock.seconds() / 60:.1f} min, step {self.step}, rate {rate:.1e}: {seen}", flush=True)
        if time.time() - self.saved > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        kept = {
            "model": self.model.state_dict(),
            "heads": self.heads.state_dict(),
            "places": self.places.state_dict(),
            "optimizers": self.optimizers.state_dict(),
            "seconds": self.clock.seconds(),
            "step": self.step,
            "looks": self.looks,
        }
        torch.save(kept, self.path.with_suffix(".tmp"))
        os.replace(self.path.with_suffix(".tmp"), self.path)
        self.saved = time.time()


def on_device(labels: dict) -> dict:
    return {name: value.to(DEVICE) for name, value in labels.items()}


def vision_step(stage: Stage, px, labels) -> torch.Tensor:
    loss, accuracy = stage.heads(stage.model.vision(normalised(px)), on_device(labels))
    stage.averages.see("loss", loss.item())
    for name, value in accuracy.items():
        stage.averages.see(name, value)
    return loss


def chat_step(stage: Stage, image_pad: int, ids, labels, positions, px, seen) -> torch.Tensor:
    """Cross-entropy on the answers, plus the labels' and places' losses, which fade as the language model learns to look."""
    model = stage.model
    ids, labels, positions = (torch.from_numpy(a).to(DEVICE) for a in (ids, labels, positions))
    features = None if px is None else model.vision(normalised(px))
    cos, sin = rope(stage.config, positions)
    hidden, early = model.text(model.embed(ids, features, image_pad), cos, sin)
    target = labels[:, 1:]
    chosen = target != IGNORE
    logits = model.logits(hidden[:, :-1][chosen])
    loss = F.cross_entropy(logits, target[chosen])
    right = (logits.argmax(-1) == target[chosen]).float().mean().item()
    kind = "text" if px is None else "picture"
    stage.averages.see(f"{kind} loss", loss.item())
    stage.averages.see(f"{kind} right", right)
    if features is None:
        return loss
    fade = 1 - stage.clock.share() if stage.name == "shallow" else 0.0
    auxiliary, accuracy = stage.heads(features, on_device(seen))
    for name, value in accuracy.items():
        stage.averages.see(name, value)
    of_picture = ids == image_pad
    where = positions.transpose(0, 1)[:, of_picture]
    placing, placed = stage.places(early[of_picture], where[1] - where[0], where[2] - where[0])
    stage.averages.see("places", placed)
    return loss + max(0.05, 0.7 * fade) * auxiliary + 0.1 * placing


def train(name: str, minutes: float, rows: int, workers: int, start: str | None) -> None:
    BUILD.mkdir(exist_ok=True)
    torch.manual_seed(0)
    stage = Stage(name, minutes, start)
    size = sum(p.numel() for p in stage.model.parameters()) / 1e6
    print(f"{name}: {size:.1f} M parameters, {stage.config.layers} layers, {DEVICE}", flush=True)
    # a resumed run draws from a stream of its own, so no picture is seen twice
    producer = Producer(vision_samples if name == "vision" else chat_samples, f"{name} {stage.step}", rows, workers)
    image_pad = Tokenizer.load().id["<|image_pad|>"]
    stop = []
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: stop.append(True))
    while stage.clock.share() < 1 and not stop:
        producer.easy.value = 0.1 if stage.looks else 0.9
        sample = producer.next()
        loss = vision_step(stage, *sample) if name == "vision" else chat_step(stage, image_pad, *sample)
        if not math.isfinite(loss.item()):
            raise SystemExit(f"{name}: the loss is no number at step {stage.step}; start again from {stage.path.name}")
        stage.update(loss)
    stage.save()
    producer.close()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("stage", choices=["vision", "shallow", "deep"])
    arguments.add_argument("--minutes", type=float, required=True)
    arguments.add_argument("--rows", type=int, default=12, help="rows of 256 tokens in a batch")
    arguments.add_argument("--workers", type=int, default=1, help="processes that draw pictures")
    arguments.add_argument("--start", help="weights to begin with instead of the stage before (weights.py)")
    a = arguments.parse_args()
    train(a.stage, a.minutes, a.rows, a.workers, a.start)
