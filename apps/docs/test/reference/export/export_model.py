import math
from pathlib import Path

import numpy
import torch
from diffusers import DDIMScheduler


class Denoiser(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(2 + 32, 64), torch.nn.SiLU(),
            torch.nn.Linear(64, 64), torch.nn.SiLU(), torch.nn.Linear(64, 2))

    def forward(self, sample, timestep):
        rates = torch.exp(-math.log(10000.0) * torch.arange(16) / 16)
        angles = timestep[:, None].float() * rates
        time = torch.cat([angles.sin(), angles.cos()], dim=1)
        return self.layers(torch.cat([sample, time], dim=1))


torch.manual_seed(0)
model = Denoiser()
scheduler = DDIMScheduler(clip_sample=False)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for _ in range(2000):  # points on a circle
    angle = 2 * math.pi * torch.rand(256)
    x0 = torch.stack([angle.cos(), angle.sin()], dim=1)
    noise, t = torch.randn_like(x0), torch.randint(1000, (256,))
    loss = (model(scheduler.add_noise(x0, noise, t), t) - noise).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# One time step for each sample, and any number of samples.
Path("theirs/unet").mkdir(parents=True, exist_ok=True)
batch = torch.export.Dim("batch")
torch.onnx.export(
    model, (torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64)),
    "theirs/unet/model.onnx", dynamo=True, external_data=False,
    input_names=["sample", "timestep"], output_names=["out_sample"],
    dynamic_shapes={"sample": {0: batch}, "timestep": {0: batch}})
scheduler.save_pretrained("theirs/scheduler")

# PyTorch's own samples, to compare.
scheduler.set_timesteps(20)
x = torch.from_numpy(numpy.load("noise.npy"))
with torch.no_grad():
    for t in scheduler.timesteps:
        x = scheduler.step(model(x, t.expand(len(x))), t, x).prev_sample
numpy.save("theirs.npy", x.numpy())
print(x.numpy())
