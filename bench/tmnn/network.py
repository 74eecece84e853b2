"""The temporal-modulation network in PyTorch, as the peer of lib/stm-lab/tmnn: harmonic front end, sinc filters, residual back end."""

import math

import torch
from torch import nn
from torch.nn import functional as F

RATE, FFT = 16000, 512


class Tmnn(nn.Module):
    def __init__(self, harmonics, filters, width, outputs, bands=None, per_semitone=2, taps=101, pass_bands=None, dropout=0.5):
        super().__init__()
        high = round(69 + 12 * math.log2(RATE / (2 * harmonics) / 440))
        self.bands = bands or (high - 24) * per_semitone
        midi = 24 + torch.arange(self.bands) / per_semitone
        base = 440 * 2 ** ((midi - 69) / 12)
        self.register_buffer("centre", (torch.arange(1, harmonics + 1)[:, None] * base).reshape(-1))
        self.register_buffer("bin_hz", torch.arange(FFT // 2 + 1)[:, None] * (RATE / FFT))
        self.q = nn.Parameter(torch.ones(1))
        self.harmonics, self.filters, self.taps = harmonics, filters, taps
        self.input = nn.BatchNorm2d(harmonics)
        self.frame_rate = RATE / 256
        if filters:
            edges = pass_bands or [0.5 * (30.25 / 0.5) ** (m / filters) for m in range(filters + 1)]
            low, band = torch.tensor(edges[:-1]), torch.tensor(edges).diff() - 1
            self.low, self.band = nn.Parameter(low.clone()), nn.Parameter(band.clone())
            self.filtered = nn.BatchNorm2d(harmonics * filters)
            half = (taps - 1) // 2
            i = torch.arange(1, half + 1)
            self.register_buffer("frames", i.to(low))
            self.register_buffer("hamming", (0.54 - 0.46 * torch.cos(2 * math.pi * (i + half) / (taps - 1))).to(low))
        sizes = [harmonics * (1 + filters)] + [width] * 4 + [2 * width] * 3
        self.names = []
        for block in range(1, 8):
            inputs, outs = sizes[block - 1], sizes[block]
            plain = block in (1, 5)
            for name, a in [(f"block{block}", inputs)] if plain else [(f"block{block}_a", inputs), (f"block{block}_b", outs)]:
                setattr(self, f"{name}_conv", nn.Conv2d(a, outs, 3, padding=1))
                setattr(self, f"{name}_norm", nn.BatchNorm2d(outs))
        hidden = sizes[-1]
        self.fc1, self.fc1_norm, self.fc2 = nn.Linear(hidden, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, outputs)
        self.dropout = dropout

    def kernels(self):
        nyquist = self.frame_rate / 2
        low = torch.minimum(self.low.abs(), torch.tensor(nyquist - 1.0))[:, None]
        high = torch.minimum(low + self.band.abs()[:, None] + 1, torch.tensor(nyquist))
        t = self.frames / self.frame_rate
        ideal = (torch.sin(2 * math.pi * high * t) - torch.sin(2 * math.pi * low * t)) / (math.pi * t)
        side = self.hamming * ideal / (2 * (high - low))
        return torch.cat([side.flip(1), torch.ones_like(side[:, :1]), side], 1)

    def forward(self, power):
        """power (batch, bins, frames), channels second as everywhere in PyTorch."""
        batch, _, frames = power.shape
        width = (0.1079 * self.centre + 24.7) / self.q
        bank = torch.relu(1 - 2 * (self.bin_hz - self.centre).abs() / width)
        bands = torch.matmul(bank.T, power).reshape(batch, self.harmonics, self.bands, frames)
        x = self.input(10 * torch.log10(bands.clamp_min(1e-10)))
        if self.filters:
            lines = x.reshape(-1, 1, frames)
            z = F.conv1d(lines, self.kernels()[:, None], padding=(self.taps - 1) // 2)
            z = z.reshape(batch, self.harmonics, self.bands, self.filters, frames).permute(0, 3, 1, 2, 4)
            x = torch.cat([x, self.filtered(z.reshape(batch, -1, self.bands, frames))], 1)
        for block in range(1, 8):
            step = lambda name, h: getattr(self, f"{name}_norm")(getattr(self, f"{name}_conv")(h))
            if block in (1, 5):
                x = torch.relu(step(f"block{block}", x))
            else:
                x = torch.relu(step(f"block{block}_b", torch.relu(step(f"block{block}_a", x))) + x)
            pool = (2, 3) if block > 5 else (2, 2)
            x = F.max_pool2d(x, tuple(min(p, s) for p, s in zip(pool, x.shape[2:])))
        top = x.amax((2, 3))
        return self.fc2(F.dropout(torch.relu(self.fc1_norm(self.fc1(top))), self.dropout, self.training))
