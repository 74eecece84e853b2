"""Makes torch.json: a small network's passes and updates as PyTorch computes them (float64).

python -m venv venv && venv/bin/pip install torch && venv/bin/python make_torch.py
"""

import json
import pathlib

import torch
from torch import nn

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(3)
        self.conv2 = nn.Conv2d(3, 3, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(3)
        self.fc1 = nn.Linear(3, 4)
        self.norm3 = nn.BatchNorm1d(4)
        self.fc2 = nn.Linear(4, 2)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.norm1(self.conv1(x))), (2, 3))
        x = torch.relu(self.norm2(self.conv2(x)) + x)
        x = nn.functional.avg_pool2d(x, (2, 2)).amax((2, 3))
        return self.fc2(torch.relu(self.norm3(self.fc1(x))))


def ours(name, value):
    """Channels last: kernels (height, width, in, out), matrices (in, out)."""
    value = value.detach()
    if value.ndim == 4:
        value = value.permute(2, 3, 1, 0)
    elif value.ndim == 2:
        value = value.T
    return value.reshape(-1).tolist()


def parameters(net):
    return {name: ours(name, value) for name, value in net.named_parameters()}


def rounded(value):
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


net = Net()
x = torch.randn(4, 2, 7, 9)
y = (torch.rand(4, 2) > 0.5).double()
result = {
    "made_with": f"torch {torch.__version__}, float64",
    "x": x.permute(0, 2, 3, 1).reshape(-1).tolist(),
    "y": y.reshape(-1).tolist(),
    "start": parameters(net),
    "stages": [],
}
loss_of = nn.BCEWithLogitsLoss()
for rule, make in {
    "adam": lambda p: torch.optim.Adam(p, lr=1e-2, eps=1e-3, weight_decay=1e-2),
    "nesterov": lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9, nesterov=True, weight_decay=1e-2),
    "plain": lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.5, weight_decay=0),
}.items():
    optimiser = make(net.parameters())
    losses = []
    gradient = None
    for _ in range(3):
        optimiser.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        gradient = gradient or {name: ours(name, p.grad) for name, p in net.named_parameters()}
        optimiser.step()
        losses.append(loss.item())
    result["stages"].append(
        {
            "rule": rule,
            "losses": losses,
            "gradient": gradient,
            "parameters": parameters(net),
        }
    )
net.eval()
result["running"] = {
    name: value.tolist() for name, value in net.named_buffers() if "running" in name
}
result["logits"] = net(x).reshape(-1).tolist()
z = torch.tensor([[-40.0, 0.3, 2.0], [1.0, 90.0, -1.5]])
result["softmax"] = {
    "logits": z.reshape(-1).tolist(),
    "targets": [1, 2],
    "loss": nn.functional.cross_entropy(z, torch.tensor([1, 2])).item(),
}
pathlib.Path(__file__).with_name("torch.json").write_text(json.dumps(rounded(result)) + "\n")
