import torch
from safetensors.torch import load_file, save_file


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        layers = [torch.nn.Linear(2, 16), torch.nn.Linear(16, 1)]
        self.layers = torch.nn.ModuleList(layers)

    def forward(self, x):
        return self.layers[1](torch.nn.functional.silu(self.layers[0](x)))


x = torch.tensor([[0.5, -1.0], [2.0, 0.25]])
net = Net()
net.load_state_dict(load_file("net.safetensors"))  # weights of gen
print(net(x).flatten())

# A step of training in PyTorch, and the weights go back.
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
(net(x) - 1).square().mean().backward()
optimizer.step()
save_file(net.state_dict(), "torch.safetensors")
print(net(x).flatten())
