"""The VAE peer in PyTorch: 784-400-20, Bernoulli decoder, Adam 1e-3, batch 128. The folder argv[2]
contains Fashion-MNIST."""
import gzip, sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import serve


def images(split):
    with gzip.open(f"{sys.argv[2]}/{split}-images-idx3-ubyte.gz") as file:
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255)


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.log_variance = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.up, self.out = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x, noise):
        h = F.relu(self.hidden(x))
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * noise
        logits = self.out(F.relu(self.up(z)))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * torch.sum(mean * mean + log_variance.exp() - log_variance - 1)
        return (reconstruction + kl) / len(x)


train, test = images("train"), images("t10k")


def trainer():
    model = Vae()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(indices):
        batch = train[indices]
        optimizer.zero_grad()
        loss = model(batch, torch.randn(len(batch), 20))
        loss.backward()
        optimizer.step()
        return loss.item()

    return model, step


_, train_step = trainer()


def steps(count):
    return serve.time_steps(lambda: train_step(torch.randint(0, len(train), (128,))), count)


def test_elbo(epochs, seed):
    torch.manual_seed(seed)
    model, step = trainer()
    for _ in range(epochs):
        order = torch.randperm(len(train))
        for k in range(0, len(train), 128):
            step(order[k : k + 128])
    with torch.no_grad():
        return -model(test, torch.randn(len(test), 20)).item()


serve.answer({"steps": steps, "testElbo": test_elbo})
