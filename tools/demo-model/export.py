"""Writes a checkpoint as the two GGUF files Snug ships: `python export.py build/deep.pt OUTPUT_FOLDER`."""

import sys
from pathlib import Path

import gguf
import numpy as np
import torch

from model import Config
from tokenizer import SPECIAL, Tokenizer
from train import MEAN, STD

NAME = "Demo-VL"
CONTEXT = 4096
CHAT_TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% else %}<|vision_start|><|image_pad|><|vision_end|>{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LAYER_TENSORS = {
    "attention.q": "attn_q",
    "attention.k": "attn_k",
    "attention.v": "attn_v",
    "feed_forward.gate": "ffn_gate",
    "feed_forward.up": "ffn_up",
    "feed_forward.down": "ffn_down",
}


def add_blocks(writer: gguf.GGUFWriter, state: dict, source: str, target: str, layers: int, names: dict) -> None:
    for i in range(layers):
        for ours, theirs in names.items():
            for part in ("weight", "bias"):
                value = state.get(f"{source}.{i}.{ours}.{part}")
                if value is not None:
                    matrix = value.ndim == 2
                    writer.add_tensor(f"{target}.{i}.{theirs}.{part}", value.astype(np.float16) if matrix else value)


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_text(state: dict, c: Config, path: Path) -> None:
    t = Tokenizer.load()
    w = gguf.GGUFWriter(path, "qwen2vl")
    w.add_name(NAME)
    w.add_license("MIT")
    w.add_block_count(c.layers)
    w.add_context_length(CONTEXT)
    w.add_embedding_length(c.width)
    w.add_feed_forward_length(c.feed_forward)
    w.add_head_count(c.heads)
    w.add_head_count_kv(c.kv_heads)
    w.add_rope_freq_base(c.rope_base)
    w.add_layer_norm_rms_eps(c.epsilon)
    w.add_rope_dimension_sections([*c.rope_sections, 0])
    w.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("qwen2")
    w.add_token_list(t.tokens)
    w.add_token_types([gguf.TokenType.CONTROL if x in SPECIAL else gguf.TokenType.NORMAL for x in t.tokens])
    w.add_token_merges([f"{a} {b}" for a, b in t.merges])
    w.add_eos_token_id(t.id["<|im_end|>"])
    w.add_pad_token_id(t.id["<|endoftext|>"])
    w.add_bos_token_id(t.id["<|endoftext|>"])
    w.add_add_bos_token(False)
    w.add_chat_template(CHAT_TEMPLATE)
    w.add_tensor("token_embd.weight", state["embedding.weight"].astype(np.float16))
    w.add_tensor("output_norm.weight", state["text.norm.weight"])
    names = {"norm1": "attn_norm", "norm2": "ffn_norm", **LAYER_TENSORS, "attention.o": "attn_output"}
    add_blocks(w, state, "text.blocks", "blk", c.layers, names)
    finish(w)


def write_mmproj(state: dict, c: Config, path: Path) -> None:
    w = gguf.GGUFWriter(path, "clip")
    w.add_type(gguf.GGUFType.MMPROJ)
    w.add_name(NAME)
    w.add_license("MIT")
    w.add_bool("clip.has_vision_encoder", True)
    w.add_clip_projector_type(gguf.VisionProjectorType.QWEN25VL)
    w.add_vision_use_silu(True)
    w.add_vision_n_wa_pattern(c.full_attention_every)
    w.add_vision_projection_dim(c.width)
    w.add_vision_image_size(560)
    w.add_vision_patch_size(c.patch)
    w.add_vision_embedding_length(c.vision_width)
    w.add_vision_feed_forward_length(c.vision_feed_forward)
    w.add_vision_block_count(c.vision_layers)
    w.add_vision_head_count(c.vision_heads)
    w.add_vision_attention_layernorm_eps(c.epsilon)
    w.add_vision_image_mean(MEAN.flatten().tolist())
    w.add_vision_image_std(STD.flatten().tolist())
    w.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    # Qwen2.5-VL sums two convolutions over two frames; a still picture is both frames, so each gets half
    half = (state["vision.patch.weight"].reshape(c.vision_width, 3, c.patch, c.patch) / 2).astype(np.float16)
    w.add_tensor("v.patch_embd.weight", half)
    w.add_tensor("v.patch_embd.weight.1", half)
    w.add_tensor("v.post_ln.weight", state["vision.norm.weight"])
    names = {"norm1": "ln1", "norm2": "ln2", **LAYER_TENSORS, "attention.o": "attn_out"}
    add_blocks(w, state, "vision.blocks", "v.blk", c.vision_layers, names)
    for ours, theirs in (("merge1", "mm.0"), ("merge2", "mm.2")):
        w.add_tensor(f"{theirs}.weight", state[f"vision.{ours}.weight"].astype(np.float16))
        w.add_tensor(f"{theirs}.bias", state[f"vision.{ours}.bias"])
    finish(w)


def main(checkpoint: str, folder: str) -> None:
    state = {name: value.float().numpy() for name, value in torch.load(checkpoint, map_location="cpu")["model"].items()}
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("text.blocks."))
    c = Config(layers=layers)
    Path(folder).mkdir(parents=True, exist_ok=True)
    write_text(state, c, Path(folder) / "demo-vl-f16.gguf")
    write_mmproj(state, c, Path(folder) / "mmproj-demo-vl-f16.gguf")
    print(f"wrote demo-vl-f16.gguf and mmproj-demo-vl-f16.gguf to {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
