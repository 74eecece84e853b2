"""Peer of run.ts: the same steps of the same network in PyTorch on the CPU. Prints one JSON line."""

import argparse
import json
import os
import time

import torch
from network import Tmnn

parser = argparse.ArgumentParser()
for name, value in {"harmonics": 6, "filters": 1, "width": 16, "frames": 313, "batch": 16, "outputs": 50, "steps": 4}.items():
    parser.add_argument(f"--{name}", type=int, default=value)
options = parser.parse_args()
torch.set_num_threads(int(os.environ.get("STM_LAB_THREADS", "1")))
torch.manual_seed(1)
net = Tmnn(options.harmonics, options.filters, options.width, options.outputs)
optimiser = torch.optim.Adam(net.parameters(), lr=1e-4, weight_decay=1e-4)
power = torch.rand(options.batch, 257, options.frames) ** 2 + 0.01
labels = (torch.rand(options.batch, options.outputs) < 0.07).float()
loss_of = torch.nn.BCEWithLogitsLoss()
times, losses = [], []
for step in range(options.steps + 1):
    begin = time.perf_counter()
    optimiser.zero_grad()
    loss = loss_of(net(power), labels)
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
    times.append((time.perf_counter() - begin) * 1000)
print(json.dumps({"milliseconds": sorted(times[1:])[len(times[1:]) // 2], "loss": losses[0], "peer": f"PyTorch {torch.__version__}"}))
