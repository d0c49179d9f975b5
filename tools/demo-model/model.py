"""Qwen2.5-VL's architecture, small, in plain torch: tensor for tensor what llama.cpp runs as qwen2vl with a qwen2.5vl_merger.

B rows of N tokens, pictures of `gh` × `gw` patches of 14 × 14 pixels.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Config:
    vocabulary: int = 2048
    width: int = 256
    layers: int = 12
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 256
    rope_base: float = 10000.0
    rope_sections: tuple[int, int, int] = (8, 12, 12)
    vision_width: int = 128
    vision_layers: int = 6
    vision_heads: int = 4
    vision_feed_forward: int = 256
    patch: int = 14
    window: int = 112
    full_attention_every: int = 2
    epsilon: float = 1e-6


class RMSNorm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotated(x):
    a, b = x.chunk(2, -1)
    return torch.cat([-b, a], -1)


class FeedForward(nn.Module):
    def __init__(self, width: int, inner: int, bias: bool):
        super().__init__()
        self.gate, self.up = nn.Linear(width, inner, bias=bias), nn.Linear(width, inner, bias=bias)
        self.down = nn.Linear(inner, width, bias=bias)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, kv_heads: int, output_bias: bool):
        super().__init__()
        self.heads, self.kv_heads, self.head = heads, kv_heads, width // heads
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, kv_heads * self.head)
        self.v = nn.Linear(width, kv_heads * self.head)
        self.o = nn.Linear(width, width, bias=output_bias)

    def forward(self, x, cos, sin, mask=None, causal=False):
        B, N, width = x.shape
        q = self.q(x).view(B, N, self.heads, self.head).transpose(1, 2)
        k = self.k(x).view(B, N, self.kv_heads, self.head).transpose(1, 2)
        v = self.v(x).view(B, N, self.kv_heads, self.head).transpose(1, 2)
        q = q * cos + rotated(q) * sin
        k = k * cos + rotated(k) * sin
        if self.kv_heads != self.heads:
            k = k.repeat_interleave(self.heads // self.kv_heads, 1)
            v = v.repeat_interleave(self.heads // self.kv_heads, 1)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        return self.o(attended.transpose(1, 2).reshape(B, N, width))


class Block(nn.Module):
    """A transformer layer of either part; the vision tower's has biases everywhere, the text model's on q, k, v."""

    def __init__(self, width: int, heads: int, kv_heads: int, inner: int, bias: bool, epsilon: float):
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(width, epsilon), RMSNorm(width, epsilon)
        self.attention = Attention(width, heads, kv_heads, bias)
        self.feed_forward = FeedForward(width, inner, bias)

    def forward(self, x, cos, sin, mask=None, causal=False):
        x = x + self.attention(self.norm1(x), cos, sin, mask, causal)
        return x + self.feed_forward(self.norm2(x))


class Vision(nn.Module):
    """Pictures [P, 3, H, W], normalised, to features [P, H/28 · W/28, width]."""

    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        w = c.vision_width
        self.patch = nn.Linear(3 * c.patch * c.patch, w, bias=False)
        self.blocks = nn.ModuleList(
            Block(w, c.vision_heads, c.vision_heads, c.vision_feed_forward, True, c.epsilon)
            for _ in range(c.vision_layers)
        )
        self.norm = RMSNorm(w, c.epsilon)
        self.merge1, self.merge2 = nn.Linear(4 * w, 4 * w), nn.Linear(4 * w, c.width)

    def forward(self, pictures):
        c, p = self.c, self.c.patch
        P, _, H, W = pictures.shape
        gh, gw = H // p, W // p
        # patches in groups of 2 × 2, as the merger takes them
        x = pictures.view(P, 3, gh // 2, 2, p, gw // 2, 2, p).permute(0, 2, 5, 3, 6, 1, 4, 7)
        x = self.patch(x.reshape(P, gh * gw, 3 * p * p))
        cos, sin, mask = vision_geometry(c, gh, gw, x.device)
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin, None if (i + 1) % c.full_attention_every == 0 else mask)
        x = self.norm(x).view(P, gh * gw // 4, 4 * c.vision_width)
        return self.merge2(F.gelu(self.merge1(x)))


def vision_geometry(c: Config, gh: int, gw: int, device):
    """cos and sin of the 2-D rotary embedding, and the window mask (None where one window holds the picture)."""
    shape = (gh // 2, gw // 2, 2, 2)
    ys = torch.arange(gh, device=device).view(gh // 2, 1, 2, 1).expand(shape).reshape(-1)
    xs = torch.arange(gw, device=device).view(1, gw // 2, 1, 2).expand(shape).reshape(-1)
    head = c.vision_width // c.vision_heads
    frequency = 1.0 / (10000 ** (torch.arange(0, head // 2, 2, device=device).float() / (head // 2)))
    angle = torch.cat([ys[:, None] * frequency, xs[:, None] * frequency], -1)
    angle = torch.cat([angle, angle], -1)
    cell = c.window // c.patch // 2 * 2
    window = (ys // cell) * 1000 + xs // cell
    one = gh <= cell and gw <= cell
    return angle.cos(), angle.sin(), None if one else window[:, None] == window[None]


class Text(nn.Module):
    """Token and picture features [B, N, width] to the normalised last layer's output, and to that of the layer at a third of the depth
    (both [B, N, width])."""

    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.blocks = nn.ModuleList(
            Block(c.width, c.heads, c.kv_heads, c.feed_forward, False, c.epsilon) for _ in range(c.layers)
        )
        self.norm = RMSNorm(c.width, c.epsilon)

    def forward(self, x, cos, sin):
        early = x
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin, causal=True)
            if i + 1 == len(self.blocks) // 3:
                early = x
        return self.norm(x), early


def rope(c: Config, positions):
    """M-RoPE's cos and sin [B, 1, N, head] of positions [B, 3, N]: each section of the head turns by its own axis."""
    head = c.width // c.heads
    frequency = 1.0 / (c.rope_base ** (torch.arange(0, head, 2, device=positions.device).float() / head))
    axis = torch.cat([torch.full((n,), i, device=positions.device) for i, n in enumerate(c.rope_sections)]).long()
    angle = positions[:, axis, :].transpose(1, 2).float() * frequency
    angle = torch.cat([angle, angle], -1)[:, None]
    return angle.cos(), angle.sin()


class VisionLanguageModel(nn.Module):
    def __init__(self, c: Config = Config()):
        super().__init__()
        self.c = c
        self.vision = Vision(c)
        self.embedding = nn.Embedding(c.vocabulary, c.width)
        self.text = Text(c)
        self._initialise()

    def _initialise(self) -> None:
        for name, p in self.named_parameters():
            if name.endswith(".bias"):
                nn.init.zeros_(p)
            elif p.dim() == 2:
                nn.init.normal_(p, std=0.05 if name.startswith("embedding") else 0.6 / math.sqrt(p.shape[1]))
            if name.endswith(("o.weight", "down.weight")):
                p.data /= math.sqrt(2 * self.c.layers)

    def embed(self, ids, features, image_pad: int):
        """Token embeddings [B, N, width], with `features` [P, n, width] in place of the picture tokens, in order."""
        x = self.embedding(ids)
        if features is not None:
            x = x.clone()
            x[ids == image_pad] = features.flatten(0, 1)
        return x

    def logits(self, hidden):
        return hidden @ self.embedding.weight.t()


def deepened(state: dict, c: Config) -> dict:
    """The state of a model with half the text layers as the start of one with `c.layers`.

    Each layer becomes two that add half as much each, so the deeper model begins close to where the shallow one ended.
    """
    out = {}
    for name, value in state.items():
        if not name.startswith("text.blocks."):
            out[name] = value
            continue
        _, _, index, rest = name.split(".", 3)
        if rest.endswith(("o.weight", "down.weight")):
            value = value / 2
        for twin in (0, 1):
            out[f"text.blocks.{int(index) * 2 + twin}.{rest}"] = value.clone()
    return out
