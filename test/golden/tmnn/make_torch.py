"""Makes torch.json: losses and gradients of a small temporal-modulation network as PyTorch computes them (float64).

python -m venv venv && venv/bin/pip install torch && venv/bin/python make_torch.py
"""

import json
import pathlib
import sys

import torch

here = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(here.parents[3] / "bench" / "tmnn"))
from network import Tmnn  # noqa: E402

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)
BATCH, FRAMES, BINS = 5, 70, 257


def ours(name):
    name = name.replace("_conv.", ".conv.").replace("_norm.", ".norm.").replace("_a.", ".a.").replace("_b.", ".b.")
    norm = "norm" in name or name.split(".")[0] in ("input", "filtered")
    name = name.replace(".weight", ".gamma" if norm else ".kernel")
    if norm:
        name = name.replace(".bias", ".beta")
    return {"q": "frontEnd.q", "low": "modulation.low", "band": "modulation.band"}.get(name, name)


def flat(value):
    value = value.detach()
    if value.ndim == 4:
        value = value.permute(2, 3, 1, 0)
    elif value.ndim == 2:
        value = value.T
    return [float(f"{v:.8g}") for v in value.reshape(-1).tolist()]


net = Tmnn(harmonics=2, filters=2, width=2, outputs=3, per_semitone=1, pass_bands=[2.0, 6.0, 15.0], dropout=0)
with torch.no_grad():
    net.q.fill_(0.8)
    for name, value in net.named_parameters():
        if name.endswith("bias"):
            value.normal_(0, 0.3)
# A closed form, so that the file need not hold it: see the test.
index = torch.arange(BATCH * FRAMES * BINS).reshape(BATCH, FRAMES, BINS)
power = 0.2 + (torch.sin(index * 0.7) + torch.sin(index * index * 1e-7)) ** 2
labels = (torch.arange(BATCH * 3).reshape(BATCH, 3) % 2).double()
loss = torch.nn.functional.binary_cross_entropy_with_logits(net(power.transpose(1, 2)), labels)
loss.backward()
result = {
    "made_with": f"torch {torch.__version__}, float64",
    "loss": loss.item(),
    "parameters": {ours(name): flat(value) for name, value in net.named_parameters()},
    "gradient": {ours(name): flat(value.grad) for name, value in net.named_parameters()},
}
net.eval()
result["logits"] = flat(net(power.transpose(1, 2)).T)
here.with_name("torch.json").write_text(json.dumps(result) + "\n")
