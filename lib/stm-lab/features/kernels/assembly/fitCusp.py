"""Fits the smooth part of the cusp sums of stm.as and prints it as AssemblyScript constants (NumPy 2)."""
import numpy as np

REACH = 60  # grid points summed on either side; what lies beyond enters by the midpoint rule's end terms


def g(u, d):
    return np.sqrt(u * u + d * d)


def cusp(x, d):
    total = sum(g(k - x, d) for k in range(-REACH, REACH + 1))
    integral = lambda u: 0.5 * (u * g(u, d) + d * d * np.arcsinh(u / d))
    slope = lambda u: u / g(u, d)
    high, low = REACH + 0.5 - x, -REACH - 0.5 - x
    return total - (integral(high) - integral(low)) + (slope(high) - slope(low)) / 24


def moment(x, d):
    total = sum((k - x) * g(k - x, d) for k in range(-REACH, REACH + 1))
    integral = lambda u: (u * u + d * d) ** 1.5 / 3
    slope = lambda u: g(u, d) + u * u / g(u, d)
    bend = lambda u: 3 * d**4 / g(u, d) ** 5
    high, low = REACH + 0.5 - x, -REACH - 0.5 - x
    ends = (slope(high) - slope(low)) / 24 - 7 / 5760 * (bend(high) - bend(low))
    return total - (integral(high) - integral(low)) + ends


def bend(x, d):
    total = sum((k - x) ** 2 * g(k - x, d) for k in range(-REACH, REACH + 1))
    integral = lambda u: (u * (2 * u * u + d * d) * g(u, d) - d**4 * np.arcsinh(u / d)) / 8
    slope = lambda u: 2 * u * g(u, d) + u**3 / g(u, d)
    high, low = REACH + 0.5 - x, -REACH - 0.5 - x
    # The third derivative at the ends is 6 there.
    return total - (integral(high) - integral(low)) + (slope(high) - slope(low)) / 24 - 7 / 5760 * 12


x, d = np.meshgrid(
    np.linspace(0, 0.5, 60), np.concatenate([np.geomspace(1e-4, 0.05, 10), np.linspace(0.06, 1.25, 80)])
)
x, d = x.ravel(), d.ravel()
near = sum(g(k - x, d) for k in (-1, 0, 1)) + d**2 * np.log(d)
nearMoment = sum((k - x) * g(k - x, d) for k in (-1, 0, 1))
targets = (
    ("P0", near - cusp(x, d), 1, 5),
    ("P1", nearMoment - moment(x, d), x, 5),
    ("P2", bend(x, d) - x * x * g(x, d), 1, 4),
)
for name, target, factor, powers in targets:
    terms = np.stack([factor * x ** (2 * i) * d ** (2 * j) for i in range(3) for j in range(powers)], 1)
    fit = np.linalg.lstsq(terms, target, rcond=None)[0]
    print(f"// largest error {np.abs(terms @ fit - target).max():.1e}")
    for i in range(3):
        print("".join(f"const {name}{i}{j}: f32 = {fit[powers * i + j]:.9g}; " for j in range(powers)).strip())
