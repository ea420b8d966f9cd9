"""Writes small PyTorch models as ONNX, with inputs and PyTorch's own outputs beside them.

Run with PyTorch 1.13: python3 tooling/reference/onnx-models.py packages/graph/test/reference
"""

import json
import math
import sys

import torch
from torch import nn
import torch.nn.functional as F


class TimeEmbedding(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.width = width
        self.first = nn.Linear(width, out)
        self.second = nn.Linear(out, out)

    def forward(self, t):
        half = self.width // 2
        rates = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float32) / half)
        angles = t[:, None].float() * rates[None, :]
        waves = torch.cat([angles.sin(), angles.cos()], dim=-1)
        return self.second(F.silu(self.first(waves)))


class ResBlock(nn.Module):
    def __init__(self, inside, out, time):
        super().__init__()
        self.norm1 = nn.GroupNorm(2, inside)
        self.conv1 = nn.Conv2d(inside, out, 3, padding=1)
        self.time = nn.Linear(time, out)
        self.norm2 = nn.GroupNorm(2, out)
        self.drop = nn.Dropout(0.1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.skip = nn.Conv2d(inside, out, 1) if inside != out else nn.Identity()

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time(F.silu(e))[:, :, None, None]
        return self.skip(x) + self.conv2(self.drop(F.silu(self.norm2(h))))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(2, width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        b, c, h, w = x.shape
        tokens = self.norm(x).reshape(b, c, h * w).transpose(1, 2)
        q, k, v = self.qkv(tokens).chunk(3, dim=-1)
        split = lambda u: u.reshape(b, h * w, self.heads, c // self.heads).permute(0, 2, 1, 3)
        q, k, v = split(q), split(k), split(v)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        mixed = (scores.softmax(dim=-1) @ v).permute(0, 2, 1, 3).reshape(b, h * w, c)
        return x + self.out(mixed).transpose(1, 2).reshape(b, c, h, w)


class Denoiser(nn.Module):
    """A UNet of one level: convolution, group norm, SiLU, attention, time embedding, skip connection."""

    def __init__(self):
        super().__init__()
        self.time = TimeEmbedding(8, 8)
        self.enter = nn.Conv2d(2, 4, 3, padding=1)
        self.down = ResBlock(4, 4, 8)
        self.pool = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.middle = ResBlock(6, 6, 8)
        self.attention = Attention(6, 2)
        self.narrow = nn.Conv2d(6, 4, 3, padding=1)
        self.up = ResBlock(8, 4, 8)
        self.leave = nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, sample, timestep):
        timestep = timestep.expand(sample.shape[0])
        e = self.time(timestep)
        h = self.down(self.enter(sample), e)
        m = self.attention(self.middle(self.pool(h), e))
        u = self.narrow(F.interpolate(m, scale_factor=2.0, mode="nearest"))
        return self.leave(F.silu(self.up(torch.cat([u, h], dim=1), e)))


class Mixed(nn.Module):
    """Layers that other networks have: transposed convolution, layer norm, batch norm, pooling, GELU."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=2, dilation=2, groups=2)
        self.batch = nn.BatchNorm2d(4)
        self.up = nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1)
        self.norm = nn.LayerNorm(12)
        self.line = nn.Linear(12, 5)
        self.table = nn.Embedding(7, 5)

    def forward(self, x, label):
        h = F.leaky_relu(self.batch(self.conv(x)), 0.2)
        h = F.max_pool2d(h, 3, stride=2, padding=1)
        h = F.elu(self.up(h))
        h = F.avg_pool2d(F.pad(h, (1, 1, 0, 2), mode="reflect"), 3, stride=2, padding=1)
        h = h.flatten(2)
        h = torch.einsum("bcl,bdl->bcd", h, h).flatten(1)
        h = torch.cat([h, h.mean(dim=1, keepdim=True), h.amax(dim=1, keepdim=True), h.std(dim=1, keepdim=True)], 1)
        h = F.gelu(self.norm(h)).clamp(-1.5, 1.5)
        a, b = self.line(h).split([2, 3], dim=1)
        h = torch.cat([torch.tanh(a), F.softplus(b).log_softmax(dim=1)], dim=1)
        return h * self.table(label) + h.pow(2).sum(1, keepdim=True).sqrt()


def write(folder, name, model, inputs, opset, dynamic):
    torch.manual_seed(7)
    for p in model.parameters():
        nn.init.normal_(p, std=0.4)
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_()
            m.running_var.uniform_(0.5, 2)
    model.eval()
    with torch.no_grad():
        output = model(*inputs.values())
    torch.onnx.export(
        model, tuple(inputs.values()), f"{folder}/{name}.onnx", opset_version=opset,
        input_names=list(inputs), output_names=["out"], dynamic_axes=dynamic,
        do_constant_folding=opset != 9,
    )
    tensors = {k: {"shape": list(v.shape), "dtype": str(v.dtype).split(".")[1], "data": v.flatten().tolist()}
               for k, v in {**inputs, "out": output}.items()}
    with open(f"{folder}/{name}.json", "w") as f:
        json.dump({"provenance": f"PyTorch {torch.__version__}, opset {opset}", **tensors}, f)


def main(folder):
    torch.manual_seed(1)
    sample = torch.randn(3, 2, 8, 8)
    each = torch.tensor([0, 417, 999])
    one = torch.tensor(417)
    batch = {"sample": {0: "batch"}, "out": {0: "batch"}}
    both = {**batch, "timestep": {0: "batch"}}
    write(folder, "denoiser-17", Denoiser(), {"sample": sample, "timestep": each}, 17, both)
    write(folder, "denoiser-scalar-time-14", Denoiser(), {"sample": sample, "timestep": one}, 14, batch)
    write(folder, "denoiser-static-11", Denoiser(), {"sample": sample, "timestep": each}, 11, None)
    write(folder, "denoiser-9", Denoiser(), {"sample": sample, "timestep": each}, 9, both)
    x = torch.randn(2, 2, 9, 9)
    label = torch.tensor([3, 6])
    rows = {"x": {0: "rows"}, "label": {0: "rows"}, "out": {0: "rows"}}
    write(folder, "mixed-17", Mixed(), {"x": x, "label": label}, 17, rows)
    write(folder, "mixed-12", Mixed(), {"x": x, "label": label}, 12, rows)


main(sys.argv[1])
