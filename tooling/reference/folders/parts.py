"""Tiny parts of diffusers' pipelines: random weights with four bits of mantissa, which pack well."""

import json
import pathlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
)

WIDTH = 32
WORDS = ["a", "red", "fox", "snow", "of", "the", "in"]


def packed(model, seed):
    """Fills a model's floats by seed; each is a multiple of 1/16 of a power of two."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.ndim < 2:
            random = 0.1 * torch.randn(p.shape, generator=generator)
            value = random + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
        else:
            fan = p[0].numel() if "embed" not in name and "shared" not in name else 4
            value = torch.randn(p.shape, generator=generator) / fan**0.5
        mantissa, exponent = torch.frexp(value)
        p.data.copy_(torch.ldexp(torch.round(mantissa * 16) / 16, exponent))
    return model.eval()


def unet(seed, sample_size=8, **changes):
    settings = dict(
        sample_size=sample_size,
        in_channels=4,
        out_channels=4,
        block_out_channels=(WIDTH, WIDTH),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    )
    return packed(UNet2DConditionModel(**{**settings, **changes}), seed)


def vae(seed, sample_size=64, levels=4, **changes):
    settings = dict(
        block_out_channels=(WIDTH // 2,) * levels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=sample_size,
    )
    return packed(AutoencoderKL(**{**settings, **changes}), seed)


def clip(seed, kind=CLIPTextModel, **changes):
    settings = dict(
        vocab_size=600,
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        projection_dim=WIDTH,
        bos_token_id=598,
        eos_token_id=599,
        pad_token_id=599,
    )
    return packed(kind(CLIPTextConfig(**{**settings, **changes})), seed)


def projected_clip(seed, **changes):
    return clip(seed, CLIPTextModelWithProjection, **changes)


def t5(seed):
    config = T5Config(
        vocab_size=64,
        d_model=WIDTH,
        d_kv=8,
        d_ff=WIDTH,
        num_layers=1,
        num_heads=4,
        feed_forward_proj="gated-gelu",
    )
    return packed(T5EncoderModel(config), seed)


def clip_tokenizer(folder):
    """A CLIPTokenizer with every byte and a few words; start and end are ids 598 and 599."""
    from transformers.models.clip.tokenization_clip import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    tokens = letters + [letter + "</w>" for letter in letters]
    merges = []
    for word in WORDS:
        pieces = list(word[:-1]) + [word[-1] + "</w>"]
        while len(pieces) > 1:
            merges.append(" ".join(pieces[:2]))
            pieces = [pieces[0] + pieces[1], *pieces[2:]]
            tokens.append(pieces[0])
    merges = list(dict.fromkeys(merges))
    tokens = list(dict.fromkeys(tokens))
    tokens += [f"<unused{i}>" for i in range(598 - len(tokens))] + ["<|startoftext|>", "<|endoftext|>"]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    vocab = {token: i for i, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def t5_tokenizer():
    """A Unigram tokenizer of 64 pieces; ids 0, 1 and 2 are the pad, the end and the unknown."""
    from tokenizers import Tokenizer, models
    from transformers import T5TokenizerFast

    pieces = ["<pad>", "</s>", "<unk>", "\u2581", *(chr(97 + i) for i in range(26))]
    pieces += [f"\u2581{word}" for word in WORDS]
    pieces += [f"<unused{i}>" for i in range(64 - len(pieces))]
    model = models.Unigram([(piece, -float(i > 2)) for i, piece in enumerate(pieces)], unk_id=2)
    return T5TokenizerFast(tokenizer_object=Tokenizer(model), extra_ids=0, model_max_length=256)
