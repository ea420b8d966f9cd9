"""Writes UNets exported by PyTorch, in diffusers' folder layout, with PyTorch's samples.

Run with Debian's python3-torch 1.13 and python3-onnx 1.12:
  /usr/bin/python3 tooling/reference/unet-torch.py packages/cli/test/reference          the small ones
  /usr/bin/python3 tooling/reference/unet-torch.py --large FOLDER                       1.1 million parameters

Each folder is a pipeline with noise.npy and PyTorch's final images. ddim.npy starts from that noise.
*-seeded.npy takes all noise from torch.manual_seed(SEED), including the noise of the steps. The
steps are those of diffusers' DDIMScheduler and DDPMScheduler, in float32 as in diffusers.
"""

import json
import math
import pathlib
import sys
import time

import numpy
import onnx
import onnx.helper
import onnx.numpy_helper
import torch
from torch import nn
import torch.nn.functional as F

PROVENANCE = f"PyTorch {torch.__version__}, written by tooling/reference/unet-torch.py"
SEED = 5


def waves(t, width):
    rates = torch.exp(-math.log(10000.0) * torch.arange(width // 2, dtype=torch.float32) / (width // 2))
    angles = t[:, None].float() * rates[None, :]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class ResBlock(nn.Module):
    def __init__(self, inside, out, time, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inside)
        self.conv1 = nn.Conv2d(inside, out, 3, padding=1)
        self.time = nn.Linear(time, out)
        self.norm2 = nn.GroupNorm(groups, out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.skip = nn.Conv2d(inside, out, 1) if inside != out else nn.Identity()

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time(F.silu(e))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, width, heads, groups):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=1)
        split = lambda u: u.reshape(b, self.heads, c // self.heads, h * w)
        q, k, v = split(q), split(k), split(v)
        weights = torch.softmax(q.transpose(-1, -2) @ k / math.sqrt(c // self.heads), dim=-1)
        return x + self.out((v @ weights.transpose(-1, -2)).reshape(b, c, h, w))


class Unet(nn.Module):
    def __init__(self, channels, out, width, multipliers, groups, heads):
        super().__init__()
        self.width = width
        self.time = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width))
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        block = lambda inside, out: ResBlock(inside, out, 4 * width, groups)
        widths = [width * m for m in multipliers]
        self.downs, self.shrinks = nn.ModuleList(), nn.ModuleList()
        here, skips = width, []
        for i, w in enumerate(widths):
            self.downs.append(block(here, w))
            skips.append(w)
            here = w
            last = i == len(widths) - 1
            self.shrinks.append(nn.Identity() if last else nn.Conv2d(w, w, 3, stride=2, padding=1))
        self.middle1 = block(here, here)
        self.attention = Attention(here, heads, groups)
        self.middle2 = block(here, here)
        self.ups, self.grows = nn.ModuleList(), nn.ModuleList()
        for i, w in reversed(list(enumerate(widths))):
            self.ups.append(block(here + skips[i], w))
            here = w
            self.grows.append(nn.Identity() if i == 0 else nn.Conv2d(w, w, 3, padding=1))
        self.norm = nn.GroupNorm(groups, here)
        self.leave = nn.Conv2d(here, out, 3, padding=1)

    def forward(self, sample, timestep):
        t = timestep.reshape(-1).expand(sample.shape[0])
        e = self.time(waves(t, self.width))
        h = self.enter(sample)
        skips = []
        for down, shrink in zip(self.downs, self.shrinks):
            h = down(h, e)
            skips.append(h)
            h = shrink(h)
        h = self.middle2(self.attention(self.middle1(h, e)), e)
        for i, (up, grow) in enumerate(zip(self.ups, self.grows)):
            h = up(torch.cat([h, skips.pop()], dim=1), e)
            if i < len(self.ups) - 1:
                h = grow(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        return self.leave(F.silu(self.norm(h)))


def products(length=1000, start=1e-4, end=0.02):
    return torch.cumprod(1.0 - torch.linspace(start, end, length, dtype=torch.float32), dim=0)


def blobs(count, channels, side):
    """Images of soft spots in [-1, 1], which a short training can learn."""
    grid = torch.linspace(-1, 1, side)
    place = 0.8 * (torch.rand(count, channels, 2, 1, 1) - 0.5) * 2
    size = 0.15 + 0.35 * torch.rand(count, channels, 1, 1)
    square = (grid[None, None, :, None] - place[:, :, 0]) ** 2 + (grid[None, None, None, :] - place[:, :, 1]) ** 2
    return 2 * torch.exp(-square / (2 * size**2)) - 1


def train(model, channels, side, steps, batch):
    """Trains until the samples are not all at the bounds of the clip."""
    alphas = products()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(steps):
        x0 = blobs(batch, channels, side)
        t = torch.randint(0, 1000, (batch,))
        noise = torch.randn_like(x0)
        a = alphas[t][:, None, None, None]
        out = model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t)
        loss = F.mse_loss(out[:, :channels], noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"  loss {loss.item():.3f}")
    model.eval()


def times(steps, length=1000):
    return [i * (length // steps) for i in reversed(range(steps))]


@torch.no_grad()
def ddim(model, x, steps, eta=0.0):
    alphas = products()
    for t in times(steps):
        epsilon = model(x, torch.full((x.shape[0],), t))[:, : x.shape[1]]
        before = t - 1000 // steps
        now, then = alphas[t], alphas[before] if before >= 0 else torch.tensor(1.0)
        x0 = ((x - (1 - now) ** 0.5 * epsilon) / now**0.5).clamp(-1, 1)
        deviation = eta * ((1 - then) / (1 - now) * (1 - now / then)) ** 0.5
        x = then**0.5 * x0 + (1 - then - deviation**2) ** 0.5 * epsilon
        if eta > 0:
            x = x + deviation * torch.randn(x.shape)
    return x


@torch.no_grad()
def ddpm(model, x, steps, scalar=False):
    alphas = products()
    channels = x.shape[1]
    for t in times(steps):
        out = model(x, torch.tensor(float(t)) if scalar else torch.full((x.shape[0],), t))
        epsilon, variance_channels = out[:, :channels], out[:, channels:]
        before = t - 1000 // steps
        now, then = alphas[t], alphas[before] if before >= 0 else torch.tensor(1.0)
        alpha = now / then
        x0 = ((x - (1 - now) ** 0.5 * epsilon) / now**0.5).clamp(-1, 1)
        mean = then**0.5 * (1 - alpha) / (1 - now) * x0 + alpha**0.5 * (1 - then) / (1 - now) * x
        x = mean
        if t > 0:
            noise = torch.randn(x.shape)
            small = ((1 - then) / (1 - now) * (1 - alpha)).clamp(min=1e-20)
            if variance_channels.shape[1]:
                share = (variance_channels + 1) / 2
                x = mean + torch.exp(0.5 * (share * torch.log(1 - alpha) + (1 - share) * torch.log(small))) * noise
            else:
                x = mean + small**0.5 * noise
    return x


def scheduler(name, **more):
    return {
        "_class_name": name,
        "_diffusers_version": "0.30.0",
        "num_train_timesteps": 1000,
        "beta_start": 0.0001,
        "beta_end": 0.02,
        "beta_schedule": "linear",
        "prediction_type": "epsilon",
        "clip_sample": True,
        "clip_sample_range": 1.0,
        "timestep_spacing": "leading",
        "steps_offset": 0,
        **more,
    }


def write(folder, config, files):
    (folder / "scheduler").mkdir(parents=True, exist_ok=True)
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps(config, indent=2) + "\n")
    for name, values in files.items():
        numpy.save(folder / f"{name}.npy", values.detach().numpy().astype("<f4"))


def export(folder, model, sample, timestep, opset, dynamic, output, outside=False):
    path = folder / "unet/model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model,
        (sample, timestep),
        str(path),
        input_names=["sample", "timestep"],
        output_names=[output],
        dynamic_axes=dynamic,
        opset_version=opset,
    )
    made = onnx.load(str(path))
    made.doc_string = PROVENANCE
    for node in made.graph.node:
        node.doc_string = ""
    if outside:
        (path.parent / "model.onnx_data").unlink(missing_ok=True)
        onnx.save(made, str(path), save_as_external_data=True, location="model.onnx_data", size_threshold=64)
    else:
        onnx.save(made, str(path))
    onnx.checker.check_model(str(path))


def count(model):
    return sum(p.numel() for p in model.parameters())


def plain(folder, width, groups, steps, batch, images, opsets):
    """A UNet with a dynamic batch, int64 time steps [batch], and its weights in the file."""
    torch.manual_seed(0)
    model = Unet(1, 1, width, (1, 2), groups, 2)
    print(f"{folder}: {count(model)} parameters")
    train(model, 1, 28, steps, batch)
    dynamic = {"sample": {0: "batch"}, "timestep": {0: "batch"}, "out_sample": {0: "batch"}}
    sample, timestep = torch.randn(2, 1, 28, 28), torch.tensor([7, 400])
    for opset in opsets[1:]:
        export(folder.with_name(f"{folder.name}-opset{opset}"), model, sample, timestep, opset, dynamic, "out_sample")
    export(folder, model, sample, timestep, opsets[0], dynamic, "out_sample")
    torch.manual_seed(11)
    noise = torch.randn(images, 1, 28, 28)
    started = time.time()
    files = {"noise": noise, "ddim": ddim(model, noise, 10)}
    print(f"  PyTorch: {time.time() - started:.1f} s for {images} images in 10 steps")
    for name, run in {
        "ddim-seeded": lambda x: ddim(model, x, 10, 0.6),
        "ddpm-seeded": lambda x: ddpm(model, x, 20),
    }.items():
        torch.manual_seed(SEED)
        files[name] = run(torch.randn(images, 1, 28, 28))
    config = scheduler("DDIMScheduler", set_alpha_to_one=True)
    for opset in opsets[1:]:
        write(folder.with_name(f"{folder.name}-opset{opset}"), config, files)
    write(folder, config, files)


def tiny(folder):
    """A UNet small enough for a GPU emulated on the CPU: one image of 8 x 8 in four steps."""
    torch.manual_seed(2)
    model = Unet(1, 1, 4, (1, 2), 2, 2)
    print(f"{folder}: {count(model)} parameters")
    train(model, 1, 8, 400, 16)
    dynamic = {"sample": {0: "batch"}, "timestep": {0: "batch"}, "out_sample": {0: "batch"}}
    export(folder, model, torch.randn(2, 1, 8, 8), torch.tensor([7, 400]), 17, dynamic, "out_sample")
    torch.manual_seed(11)
    noise = torch.randn(1, 1, 8, 8)
    config = scheduler("DDIMScheduler", set_alpha_to_one=True)
    write(folder, config, {"noise": noise, "ddim": ddim(model, noise, 4)})


def any_size(folder):
    """A UNet with dynamic batch, height and width, a scalar float time step, a learned variance,
    and its weights in a second file."""
    torch.manual_seed(1)
    model = Unet(2, 4, 4, (1, 1), 2, 1)
    print(f"{folder}: {count(model)} parameters")
    train(model, 2, 4, 300, 32)
    axes = {0: "batch", 2: "height", 3: "width"}
    export(folder, model, torch.randn(2, 2, 4, 4), torch.tensor(7.0), 13, {"sample": axes, "y": axes}, "y", True)
    torch.manual_seed(SEED)
    # Images of 4 x 6, more than one batch of the sampler.
    seeded = ddpm(model, torch.randn(70, 2, 4, 6), 8, scalar=True)
    write(folder, scheduler("DDPMScheduler", variance_type="learned_range"), {"ddpm-seeded": seeded})


def foreign(path):
    """A model with two operations that only ONNX Runtime knows, and dimensions without a name."""
    value, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    weights = onnx.numpy_helper.from_array(numpy.ones((3, 4), numpy.float32), "w")
    nodes = [
        node("QuickGelu", ["x"], ["a"], domain="com.microsoft"),
        node("MatMul", ["a", "w"], ["b"]),
        node("Hardmax", ["b"], ["y"]),
    ]
    inputs, outputs = [value("x", 1, [None, 3])], [value("y", 1, [None, 4])]
    graph = onnx.helper.make_graph(nodes, "foreign", inputs, outputs, [weights])
    sets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("com.microsoft", 1)]
    # A name with an escape code that would color a terminal.
    onnx.save(onnx.helper.make_model(graph, opset_imports=sets, ir_version=8, producer_name="a\x1b[31mb"), str(path))


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    target = pathlib.Path(sys.argv[-1])
    if "--large" in sys.argv:
        torch.set_num_threads(2)
        plain(target, 48, 8, 60, 16, 16, (17, 13))
    else:
        plain(target / "unet-28", 8, 2, 400, 16, 3, (17,))
        tiny(target / "unet-8")
        any_size(target / "unet-any")
        foreign(target / "foreign.onnx")
