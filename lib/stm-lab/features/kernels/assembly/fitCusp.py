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


x, d = np.meshgrid(
    np.linspace(0, 0.5, 60), np.concatenate([np.geomspace(1e-4, 0.05, 10), np.linspace(0.06, 1.25, 80)])
)
x, d = x.ravel(), d.ravel()
near = sum(g(k - x, d) for k in (-1, 0, 1)) + d**2 * np.log(d)
nearMoment = sum((k - x) * g(k - x, d) for k in (-1, 0, 1))
for name, target, factor in (("P0", near - cusp(x, d), 1), ("P1", nearMoment - moment(x, d), x)):
    terms = np.stack([factor * x ** (2 * i) * d ** (2 * j) for i in range(3) for j in range(5)], 1)
    fit = np.linalg.lstsq(terms, target, rcond=None)[0]
    print(f"// largest error {np.abs(terms @ fit - target).max():.1e}")
    for i in range(3):
        print("".join(f"const {name}{i}{j}: f32 = {fit[5 * i + j]:.9g}; " for j in range(5)).strip())
