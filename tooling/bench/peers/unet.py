"""PyTorch's side of the UNet: the network of `unet({ size: 28, multipliers: [1, 2, 2] })`. Layers have the names of @gen/nn's, with _ for a dot."""
import math

import torch
from torch import nn
from torch.nn import functional as F

import serve


def group_norm(channels):
    groups = max(1, min(32, channels // 4))
    while channels % groups:
        groups -= 1
    return nn.GroupNorm(groups, channels)


class Unet(nn.Module):
    def __init__(self, c=32):
        super().__init__()
        self.frequencies = torch.exp(-math.log(10000) * torch.arange(c // 2) / (c // 2 - 1))
        self.layers = nn.ModuleDict({"time_0": nn.Linear(c, 4 * c), "time_1": nn.Linear(4 * c, 4 * c)})
        self.conv("in", 1, c)
        for level, (a, b) in enumerate([(c, c), (c, 2 * c), (2 * c, 2 * c)]):
            self.block(f"down_{level}_0", a, b)
            if level < 2:
                self.conv(f"down_{level}_resample", b, b, stride=2)
        self.block("mid_0", 2 * c, 2 * c)
        self.layers["mid_attention_norm"] = group_norm(2 * c)
        self.conv("mid_attention_qkv", 2 * c, 6 * c, 1)
        self.conv("mid_attention_project", 2 * c, 2 * c, 1)
        self.block("mid_1", 2 * c, 2 * c)
        # Each takes the width before it and that of its skip.
        for level, first, second, width in [(2, 4, 4, 2), (1, 4, 3, 2), (0, 3, 2, 1)]:
            self.block(f"up_{level}_0", first * c, width * c)
            self.block(f"up_{level}_1", second * c, width * c)
            if level > 0:
                self.conv(f"up_{level}_resample", width * c, width * c)
        self.layers["out_norm"] = group_norm(c)
        self.conv("out_conv", c, 1)

    def conv(self, name, before, after, size=3, stride=1):
        self.layers[name] = nn.Conv2d(before, after, size, stride, padding=size // 2)

    def block(self, name, before, after):
        self.layers[f"{name}_norm1"], self.layers[f"{name}_norm2"] = group_norm(before), group_norm(after)
        self.layers[f"{name}_time"] = nn.Linear(self.layers["time_1"].out_features, after)
        self.conv(f"{name}_conv1", before, after)
        self.conv(f"{name}_conv2", after, after)
        if before != after:
            self.conv(f"{name}_skip", before, after, 1)

    def residual(self, name, x, time):
        of = self.layers
        h = of[f"{name}_conv1"](F.silu(of[f"{name}_norm1"](x))) + of[f"{name}_time"](time)[:, :, None, None]
        h = of[f"{name}_conv2"](F.silu(of[f"{name}_norm2"](h)))
        return (of[f"{name}_skip"](x) if f"{name}_skip" in of else x) + h

    def forward(self, x, t):
        of = self.layers
        angles = t[:, None].float() * self.frequencies
        time = F.silu(of["time_1"](F.silu(of["time_0"](torch.cat([angles.sin(), angles.cos()], 1)))))
        kept = [of["in"](x)]
        for level in (0, 1, 2):
            kept.append(self.residual(f"down_{level}_0", kept[-1], time))
            if level < 2:
                kept.append(of[f"down_{level}_resample"](kept[-1]))
        h = self.residual("mid_0", kept[-1], time)
        q, k, v = of["mid_attention_qkv"](of["mid_attention_norm"](h)).flatten(2).chunk(3, 1)
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(q.shape[1]), -1)
        h = h + of["mid_attention_project"]((v @ weights.transpose(1, 2)).view_as(h))
        h = self.residual("mid_1", h, time)
        for level in (2, 1, 0):
            for i in (0, 1):
                h = self.residual(f"up_{level}_{i}", torch.cat([h, kept.pop()], 1), time)
            if level > 0:
                h = of[f"up_{level}_resample"](F.interpolate(h, scale_factor=2, mode="nearest"))
        return of["out_conv"](F.silu(of["out_norm"](h)))


alphas_cumprod = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float32), 0)


def sampler(batch=16, steps=1000, clip=1.0):
    """One step after the other of DDIM with eta 0, in the operations of diffusers' DDIMScheduler.step."""
    model = Unet().eval()
    x, t = torch.randn(batch, 1, 28, 28), 999

    @torch.no_grad()
    def step():
        nonlocal x, t
        epsilon = model(x, torch.full((batch,), t))
        before = t - 1000 // steps
        now = alphas_cumprod[t]
        next = alphas_cumprod[before] if before >= 0 else torch.tensor(1.0)
        beta, beta_next = 1 - now, 1 - next
        x0 = ((x - beta ** 0.5 * epsilon) / now ** 0.5).clamp(-clip, clip)
        variance = (beta_next / beta) * (1 - now / next)
        deviation = 0.0 * variance ** 0.5
        x = next ** 0.5 * x0 + (1 - next - deviation ** 2) ** 0.5 * epsilon
        t = before if before >= 0 else 999

    return step


def trainer(batch=64):
    model = Unet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    signal, noise = alphas_cumprod.sqrt(), (1 - alphas_cumprod).sqrt()
    images = torch.rand(256, 1, 28, 28) * 2 - 1

    def step():
        x0 = images[torch.randint(0, len(images), (batch,))]
        t = torch.randint(0, 1000, (batch,))
        epsilon = torch.randn_like(x0)
        x = signal[t, None, None, None] * x0 + noise[t, None, None, None] * epsilon
        optimizer.zero_grad()
        loss = F.mse_loss(model(x, t), epsilon)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


@torch.no_grad()
def output(weights, x, t):
    """The network's output for x and t with the weights of @gen/nn's network, `{ name: [shape, numbers] }`."""
    network = Unet().eval()
    state = {}
    for name, (shape, numbers) in weights.items():
        layer, kind = name.rsplit(".", 1)
        state[f"layers.{layer.replace('.', '_')}.{kind}"] = torch.tensor(numbers).view(shape)
    network.load_state_dict(state)
    return network(torch.tensor(x).view(len(t), 1, 28, 28), torch.tensor(t)).flatten().tolist()


sample_step, train_step = sampler(), trainer()
serve.answer(
    {
        "steps": lambda count: serve.timed(sample_step, count),
        "train": lambda count: serve.timed(train_step, count),
        "output": output,
    }
)
