"""The VAE peer in PyTorch: 784-400-20, Bernoulli decoder, Adam 1e-3, batch 128."""
import torch
from torch import nn
from torch.nn import functional as F

import serve, serve_torch
from fashion import images


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


train, test = torch.from_numpy(images("train")), torch.from_numpy(images("t10k"))


def trainer():
    model = Vae()
    loss_of, optimizer = serve_torch.prepare(model), serve_torch.adam(model.parameters())

    def step(indices):
        batch = train[indices]
        optimizer.zero_grad()
        loss = loss_of(batch, torch.randn(len(batch), 20))
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


serve_torch.answer({"steps": steps, "testElbo": test_elbo})
