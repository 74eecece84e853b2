"""Peer of run.ts: the same layer, data and loss in PyTorch, gradients by autograd. Prints one JSON line."""

import argparse
import json
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("--path", choices=["plain", "separable"], default="plain")
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--threads", type=int, default=1)
arguments = parser.parse_args()

import torch
import torch.nn.functional as F

torch.set_num_threads(arguments.threads)
N, BANDS, FRAMES = 64, 64, 200
k = torch.arange(N, dtype=torch.float32)
parameters = [(0.3 + 0.02 * k), (0.1 * k - 3), (2 + 0.1 * k), (4 + 0.15 * k)]
for parameter in parameters:
    parameter.requires_grad_(True)
i = torch.arange(arguments.batch * BANDS * FRAMES, dtype=torch.float64)
x = (torch.sin(0.37 * i) + torch.cos(0.011 * i)).float().reshape(arguments.batch, 1, BANDS, FRAMES)
f, t = torch.arange(-4.0, 5.0)[None], torch.arange(-55.0, 56.0)[None]


def factors():
    carrier, angle, sigma_f, sigma_t = (p[:, None] for p in parameters)
    env_f = torch.exp(-0.5 * (f / (sigma_f + 1e-3)) ** 2)
    env_t = torch.exp(-0.5 * (t / (sigma_t + 1e-3)) ** 2)
    env_t = env_t * torch.rsqrt((env_f**2).sum(1, True) * (env_t**2).sum(1, True))
    phase_f, phase_t = f * carrier * torch.sin(angle), t * carrier * torch.cos(angle)
    return env_f * phase_f.cos(), env_f * phase_f.sin(), env_t * phase_t.cos(), env_t * phase_t.sin()


def maps():
    fr, fi, tr, ti = factors()
    if arguments.path == "plain":
        real = fr[:, :, None] * tr[:, None] - fi[:, :, None] * ti[:, None]
        imaginary = fr[:, :, None] * ti[:, None] + fi[:, :, None] * tr[:, None]
        return F.conv2d(x, torch.cat([real, imaginary])[:, None], padding=(4, 55))
    along_time = torch.stack([tr, ti], 1).reshape(2 * N, 1, 1, 111)
    slow = F.conv2d(x, along_time, padding=(0, 55))
    across = torch.stack([torch.stack([fr, -fi], 1), torch.stack([fi, fr], 1)], 1)
    return F.conv2d(slow, across.reshape(2 * N, 2, 9, 1), padding=(4, 0), groups=N)


times = []
for step in range(arguments.steps + 1):
    began = time.perf_counter()
    loss = maps().square().mean()
    loss.backward()
    if step == 0:
        first = loss.item()
    else:
        times.append((time.perf_counter() - began) * 1000)
print(json.dumps({"milliseconds": statistics.median(times), "loss": first}))
