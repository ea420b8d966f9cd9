import numpy
import onnxruntime
import torch
from diffusers import DDIMScheduler

session = onnxruntime.InferenceSession("moons/unet/model.onnx")
scheduler = DDIMScheduler.from_pretrained("moons/scheduler")
scheduler.set_timesteps(20)

x = torch.from_numpy(numpy.load("noise.npy"))
for t in scheduler.timesteps:
    times = numpy.full(len(x), int(t), dtype=numpy.int64)
    (output,) = session.run(None, {"sample": x.numpy(), "timestep": times})
    x = scheduler.step(torch.from_numpy(output), t, x).prev_sample

numpy.save("samples.npy", x.numpy())
print(x.numpy())
