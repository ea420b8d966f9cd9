"""Writes small PyTorch models as ONNX, with inputs and PyTorch's outputs.

Run with PyTorch 1.13:
python3 tooling/reference/onnx-models.py packages/graph/test/reference packages/runtime-gpu/test/reference
"""

import gzip
import json
import math
import os
import sys

import numpy
import onnx
from onnx import numpy_helper
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
    """A UNet of one level: convolution, group norm, SiLU, attention, time embedding, skip."""

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
    """Layers of other networks: transposed convolution, layer norm, batch norm, pooling, GELU."""

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


class Old(nn.Module):
    """Operations whose form changed after operator sets 7 and 8."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3)
        self.batch = nn.BatchNorm2d(2)
        self.prelu = nn.PReLU(4)
        self.line = nn.Linear(4, 4)

    def forward(self, x):
        h = self.prelu(self.conv(F.pad(self.batch(x), (1, 0, 2, 1), value=0.5)))
        h = F.interpolate(h, size=(14, 12), mode="nearest")
        h = F.max_pool2d(h[:, :, 1:-1, 2:], 2)
        h = F.leaky_relu(h, 0.1) + F.avg_pool2d(h, 3, stride=1, padding=1)
        a, b = self.line(h.mean(dim=(2, 3))).chunk(2, dim=1)
        gate = torch.cat([a.clamp(-0.5, 0.5), b.softmax(dim=1)], dim=1)
        return (h * gate.unsqueeze(2).unsqueeze(3)).transpose(2, 3).flatten(1).log_softmax(dim=1)


class CrossAttention(nn.Module):
    """Attention as in diffusers: heads folded into the batch, a batched product with a scale."""

    def __init__(self, width, context, heads, einsum):
        super().__init__()
        self.heads = heads
        self.einsum = einsum
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context, width, bias=False)
        self.to_v = nn.Linear(context, width, bias=False)
        self.to_out = nn.Linear(width, width)

    def fold(self, x):
        b, n, c = x.shape
        x = x.reshape(b, n, self.heads, c // self.heads).permute(0, 2, 1, 3)
        return x.reshape(b * self.heads, n, c // self.heads)

    def forward(self, x, context=None):
        context = x if context is None else context
        q, k, v = self.fold(self.to_q(x)), self.fold(self.to_k(context)), self.fold(self.to_v(context))
        scale = q.shape[-1] ** -0.5
        if self.einsum:
            scores = torch.einsum("b i d, b j d -> b i j", q, k) * scale
            out = torch.einsum("b i j, b j d -> b i d", scores.softmax(dim=-1), v)
        else:
            zeros = torch.zeros(q.shape[0], q.shape[1], k.shape[1], dtype=q.dtype)
            scores = torch.baddbmm(zeros, q, k.transpose(-1, -2), beta=0, alpha=scale)
            out = torch.bmm(scores.softmax(dim=-1), v)
        b, n, c = out.shape
        out = out.reshape(b // self.heads, self.heads, n, c).permute(0, 2, 1, 3)
        return self.to_out(out.reshape(b // self.heads, n, c * self.heads))


class Transformer(nn.Module):
    """diffusers' Transformer2DModel: self- and cross-attention, GEGLU and a residual."""

    def __init__(self, width, context, heads, einsum, linear):
        super().__init__()
        self.linear = linear
        self.norm = nn.GroupNorm(2, width, eps=1e-6)
        self.proj_in = nn.Linear(width, width) if linear else nn.Conv2d(width, width, 1)
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = CrossAttention(width, width, heads, einsum)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = CrossAttention(width, context, heads, einsum)
        self.norm3 = nn.LayerNorm(width)
        self.gate = nn.Linear(width, 4 * width)
        self.back = nn.Linear(2 * width, width)
        self.proj_out = nn.Linear(width, width) if linear else nn.Conv2d(width, width, 1)

    def forward(self, x, context):
        b, c, h, w = x.shape
        y = self.norm(x)
        if self.linear:
            y = self.proj_in(y.permute(0, 2, 3, 1).reshape(b, h * w, c))
        else:
            y = self.proj_in(y).permute(0, 2, 3, 1).reshape(b, h * w, c)
        y = y + self.attn1(self.norm1(y))
        y = y + self.attn2(self.norm2(y), context)
        wide, gate = self.gate(self.norm3(y)).chunk(2, dim=-1)
        y = y + self.back(wide * F.gelu(gate))
        if self.linear:
            y = self.proj_out(y).reshape(b, h, w, c).permute(0, 3, 1, 2).contiguous()
        else:
            y = self.proj_out(y.reshape(b, h, w, c).permute(0, 3, 1, 2).contiguous())
        return x + y


class Conditional(nn.Module):
    """A UNet conditioned on a sequence, with the operations of UNet2DConditionModel."""

    def __init__(self, einsum=False, linear=False):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 8)
        self.conv_in = nn.Conv2d(4, 8, 3, padding=1)
        self.down = ResBlock(8, 8, 8)
        self.down_mix = Transformer(8, 6, 2, einsum, linear)
        self.pool = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.middle = ResBlock(8, 8, 8)
        self.middle_mix = Transformer(8, 6, 2, einsum, linear)
        self.grow = nn.Conv2d(8, 8, 3, padding=1)
        self.up = ResBlock(16, 8, 8)
        self.norm_out = nn.GroupNorm(2, 8)
        self.conv_out = nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, sample, timestep, encoder_hidden_states):
        if len(timestep.shape) == 0:
            timestep = timestep[None]
        timestep = timestep.expand(sample.shape[0])
        half = 4
        exponent = -math.log(10000) * torch.arange(start=0, end=half, dtype=torch.float32)
        rates = torch.exp(exponent / half)
        angles = timestep[:, None].float() * rates[None, :]
        waves = torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)
        waves = torch.cat([waves[:, half:], waves[:, :half]], dim=-1).to(sample.dtype)
        e = self.second(F.silu(self.first(waves)))
        h = self.down_mix(self.down(self.conv_in(sample), e), encoder_hidden_states)
        m = self.middle_mix(self.middle(self.pool(h), e), encoder_hidden_states)
        m = self.grow(F.interpolate(m, size=h.shape[2:], mode="nearest"))
        y = self.up(torch.cat([m, h], dim=1), e)
        return self.conv_out(F.silu(self.norm_out(y)))


def halve(path):
    """Stores the weights in float16, each behind a Cast node to float32."""
    model = onnx.load(path)
    graph = model.graph
    casts = []
    for each in graph.initializer:
        values = numpy_helper.to_array(each)
        if values.dtype != numpy.float32 or values.size < 2:
            continue
        name = each.name
        each.CopyFrom(numpy_helper.from_array(values.astype(numpy.float16), name + ".half"))
        casts.append(onnx.helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def fuse(path):
    """Replaces SiLU and scaled products by ONNX Runtime's own operations, as its optimizer does."""
    model = onnx.load(path)
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    fused = []
    for node in graph.node:
        first, second = (makers.get(name) for name in node.input) if len(node.input) == 2 else (None, None)
        if node.op_type == "Mul" and second is not None and second.op_type == "Sigmoid":
            replacement = ["QuickGelu", [node.input[0]], {"alpha": 1.0}]
        elif node.op_type == "Div" and first is not None and first.op_type == "MatMul":
            divisor = numpy_helper.to_array(second.attribute[0].t)
            replacement = ["FusedMatMul", list(first.input), {"alpha": float(1 / divisor)}]
        else:
            fused.append(node)
            continue
        op, operands, attributes = replacement
        fused.append(onnx.helper.make_node(op, operands, node.output, domain="com.microsoft", **attributes))
    used = {name for node in fused for name in node.input} | {o.name for o in graph.output}
    del graph.node[:]
    graph.node.extend(n for n in fused if used & set(n.output))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, path)


def write(folder, name, model, inputs, opset, dynamic, output_name="out", half=False, packed=False,
          change=None):
    torch.manual_seed(7)
    for p in model.parameters():
        nn.init.normal_(p, std=0.4)
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_()
            m.running_var.uniform_(0.5, 2)
    if half:
        for p in model.parameters():
            p.data = p.data.half().float()
    model.eval()
    with torch.no_grad():
        output = model(*inputs.values())
    torch.onnx.export(
        model, tuple(inputs.values()), f"{folder}/{name}.onnx", opset_version=opset,
        input_names=list(inputs), output_names=[output_name], dynamic_axes=dynamic,
        do_constant_folding=opset != 9,
    )
    if half:
        halve(f"{folder}/{name}.onnx")
    if change:
        change(f"{folder}/{name}.onnx")
        return  # The unchanged model has the same values, in its own file.
    if packed:
        with open(f"{folder}/{name}.onnx", "rb") as f, open(f"{folder}/{name}.onnx.gz", "wb") as out:
            out.write(gzip.compress(f.read(), mtime=0))
        os.remove(f"{folder}/{name}.onnx")
    data = lambda v: [float(str(n)) for n in v.flatten().numpy()] if packed else v.flatten().tolist()
    tensors = {k: {"shape": list(v.shape), "dtype": str(v.dtype).split(".")[1], "data": data(v)}
               for k, v in {**inputs, output_name: output}.items()}
    with open(f"{folder}/{name}.json", "w") as f:
        json.dump({"provenance": f"PyTorch {torch.__version__}, opset {opset}", **tensors}, f)


def main(folder, runtime):
    torch.manual_seed(1)
    sample = torch.randn(3, 2, 8, 8)
    each = torch.tensor([0, 417, 999])
    one = torch.tensor(417)
    batch = {"sample": {0: "batch"}, "out": {0: "batch"}}
    both = {**batch, "timestep": {0: "batch"}}
    write(folder, "denoiser-17", Denoiser(), {"sample": sample, "timestep": each}, 17, both)
    write(folder, "denoiser-scalar-time-14", Denoiser(), {"sample": sample, "timestep": one}, 14, batch)
    write(folder, "denoiser-static-11", Denoiser(), {"sample": sample, "timestep": each}, 11, None)
    write(runtime, "denoiser-fused-17", Denoiser(), {"sample": sample, "timestep": each}, 17, both, change=fuse)
    write(folder, "denoiser-9", Denoiser(), {"sample": sample, "timestep": each}, 9, both)
    x = torch.randn(2, 2, 9, 9)
    label = torch.tensor([3, 6])
    rows = {"x": {0: "rows"}, "label": {0: "rows"}, "out": {0: "rows"}}
    write(folder, "mixed-17", Mixed(), {"x": x, "label": label}, 17, rows)
    write(folder, "mixed-12", Mixed(), {"x": x, "label": label}, 12, rows)
    old = torch.randn(2, 2, 6, 7)
    write(folder, "old-7", Old(), {"x": old}, 7, None)
    write(folder, "old-8", Old(), {"x": old}, 8, None)
    conditional(folder)


def conditional(folder):
    """The same network in the forms of several exporters, with optimum's names and dynamic axes."""
    sides = {0: "batch", 1: "channels", 2: "height", 3: "width"}
    axes = {
        "sample": sides,
        "encoder_hidden_states": {0: "batch", 1: "sequence"},
        "out_sample": sides,
    }
    steps = {**axes, "timestep": {0: "steps"}}
    each = {**axes, "timestep": {0: "batch"}}
    sample = torch.randn(2, 4, 4, 6)
    context = torch.randn(2, 3, 6)

    def inputs(t):
        return {"sample": sample, "timestep": t, "encoder_hidden_states": context}

    write(folder, "conditional-17", Conditional(), inputs(torch.tensor([601.0])), 17, steps, "out_sample",
          packed=True)
    write(folder, "conditional-14", Conditional(True), inputs(torch.tensor(601)), 14, axes, "out_sample",
          packed=True)
    write(folder, "conditional-half-13", Conditional(False, True), inputs(torch.tensor([601, 3])), 13, each,
          "out_sample", half=True, packed=True)
    write(folder, "conditional-11", Conditional(False, True), inputs(torch.tensor([601, 3], dtype=torch.int32)),
          11, each, "out_sample", packed=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
