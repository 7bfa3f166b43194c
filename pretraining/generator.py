"""Synthetic series from a seed and nothing else: what the pretrained net learns from.

A series is a sum of parts in units of its noise - trends, seasons that drift, cycles, smooth paths of Gaussian
processes, noise with memory and with changing size, shifts, outliers - taken as logarithms, as values, or as the rate
of counts. Rows of a batch share their length, season m and second season, so that every part is one array operation.

B series, T steps, m season, L second season (0 if there is none).
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
Random = np.random.Generator


class Kind(NamedTuple):
    """A kind of season: how often it is drawn, and the lengths that its series have (log-uniform)."""

    weight: float
    season: int
    second: int
    shortest: int
    longest: int


KINDS = (
    Kind(0.13, 1, 0, 12, 250),
    Kind(0.04, 1, 0, 250, 1200),
    Kind(0.22, 4, 0, 13, 150),
    Kind(0.21, 12, 0, 20, 420),
    Kind(0.05, 12, 0, 420, 2000),
    Kind(0.04, 7, 0, 20, 300),
    Kind(0.03, 7, 365, 400, 1400),
    Kind(0.02, 24, 0, 60, 400),
    Kind(0.10, 24, 168, 170, 1100),
    Kind(0.015, 48, 336, 400, 1400),
    Kind(0.06, 52, 0, 60, 500),
    Kind(0.025, 52, 0, 500, 2000),
    Kind(0.06, 0, 0, 30, 600),  # any season from 2 to 200
)
PARTS = (
    "calm rows",
    "trends",
    "momentum",
    "drifting seasons",
    "second season",
    "cycles",
    "smooth paths",
    "shifts",
    "mixtures",
    "kinds of noise",
    "products",
    "powers",
    "counts",
    "gaps",
)
CALM, LATE_CALM = 0.8, 0.4  # share of rows whose wandering parts are made small; late in training, seasons above 12
CALM_LINES = 0.5  # share of the calm rows that keep their straight and broken lines
QUIET, CALM_QUIET = 0.4, 0.1  # share of rows nearly free of noise, among the others and the calm ones
DOMINANT = 0.3  # share of rows of long series that a cycle dominates
WRONG_SEASON = 0.06  # share of batches told of a season that is not there
VALUES = 6144  # in a batch
FEWEST, MOST = 8, 160  # series in a batch


@dataclass(frozen=True)
class Batch:
    """Series y [B, T], NaN = missing, with the seasons that a user would name: m (1 if none) and L (0 if none)."""

    y: Values
    season: int
    second: int


def draw(
    random: Random, longest: int = 2000, without: Set[str] = frozenset(), only: int = 0, calm: float = CALM
) -> Batch:
    """Return a batch of series of one kind, no longer than `longest` steps; `without` some parts (names in PARTS); of
    one season only, if that is not 0. calm: the share of calm rows where a season has more than 12 steps."""
    kinds = [kind for kind in KINDS if kind.shortest < longest and only in (0, kind.season)]
    weights = np.array([kind.weight for kind in kinds])
    kind = kinds[random.choice(len(kinds), p=weights / weights.sum())]
    season = kind.season or int(np.exp(random.uniform(np.log(2), np.log(200))))
    low, high = np.log(max(kind.shortest, 2.2 * season)), np.log(min(kind.longest, longest))
    steps = int(np.exp(random.uniform(low, max(low, high))))
    rows = int(np.clip(VALUES // steps, FEWEST, MOST))
    wrong = random.random() < WRONG_SEASON and not kind.second
    true = int(random.integers(2, 40)) if wrong else season
    y = values(random, core(random, rows, steps, (true, kind.second), without, calm), without)
    return Batch(y if "gaps" in without else with_gaps(random, y), season, kind.second)


def core(
    random: Random, rows: int, steps: int, seasons: tuple[int, int], without: Set[str], calm: float = CALM
) -> Values:
    """Return the sum of the parts [B, T], in units of the noise."""
    season, second = seasons
    q = max(season, 4)
    small = calmness(random, rows, calm if season > 12 else CALM, without)
    quiet = np.exp(random.uniform(np.log(0.01), np.log(0.6), (rows, 1)))
    silent = random.random((rows, 1)) < np.where(small < 1, CALM_QUIET, QUIET)
    y = noise(random, small, steps, season, without) * np.where(silent, quiet, 1.0)
    if "trends" not in without:
        y += trends(random, small, steps, q, without)
    if season > 1:
        amplitude = size(random, rows, 2.0, 1.0) * some(random, rows, 0.9)
        y += amplitude * drifting(random, shapes(random, rows, season), steps, small, without)
    if second and "second season" not in without:
        y += second_season(random, small, steps, season, second)
    if "cycles" not in without:
        dominant = some(random, rows, DOMINANT * min(1.0, steps / (40 * q)))
        y *= np.where(dominant > 0, random.uniform(0.05, 1, (rows, 1)), 1)
        share = np.maximum(dominant, small * some(random, rows, 0.25))
        y += size(random, rows, 3.0, 0.8) * share * cycles(random, rows, steps, q)
    if "smooth paths" not in without:
        y += small * size(random, rows, 2.0, 0.8) * some(random, rows, 0.2) * smooth(random, rows, steps)
    if "shifts" not in without:
        y += small * shifts(random, rows, steps)
    if random.random() < 0.15 and "mixtures" not in without:  # of two series
        share = random.uniform(0, 1, (rows, 1)) * some(random, rows, 0.5)
        y = (1 - share) * y + share * y[random.permutation(rows)]
    return y


def some(random: Random, rows: int, share: float) -> Values:
    """Return 1 for so large a share of the rows, else 0 [B, 1]."""
    return (random.random((rows, 1)) < share).astype(float)


def size(random: Random, rows: int, median: float, spread: float) -> Values:
    """Return a log-normal size for each row [B, 1]."""
    return median * np.exp(spread * random.standard_normal((rows, 1)))


def walk(random: Random, rows: int, steps: int) -> Values:
    """Return a random walk whose steps have deviation 1."""
    return np.cumsum(random.standard_normal((rows, steps)), 1)


def rough_walk(random: Random, rows: int, steps: int) -> Values:
    """Return a random walk, whose steps have heavy tails in some rows, and a size that changes in some."""
    heavy = random.standard_t(3, (rows, steps)) / np.sqrt(3)
    jumps = np.where(random.random((rows, 1)) < 0.3, heavy, random.standard_normal((rows, steps)))
    turbulence = autoregressive(random.standard_normal((rows, steps)), random.uniform(0.8, 0.99, rows))
    return np.cumsum(jumps * np.exp(0.6 * some(random, rows, 0.35) * turbulence), 1)


def calmness(random: Random, rows: int, share: float, without: Set[str]) -> Values:
    """Return the factor of the wandering parts of each row [B, 1]: 1, or less where the row is calm."""
    if "calm rows" in without:
        return np.ones((rows, 1))
    small = np.exp(random.uniform(np.log(0.01), np.log(0.7), (rows, 1)))
    return np.where(random.random((rows, 1)) < share, small, 1.0)


def trends(random: Random, calm: Values, steps: int, q: int, without: Set[str]) -> Values:
    """Return straight lines, random walks, local linear trends, broken lines, saturating curves, reverting levels,
    growth with a memory."""
    rows = len(calm)
    lines = np.where(random.random((rows, 1)) < CALM_LINES, 1.0, calm)
    t = np.arange(steps) / steps
    total = size(random, rows, 2.5, 1.6) * random.choice([-1.0, 1.0], (rows, 1), p=[0.35, 0.65])
    total *= np.sqrt(steps / (8 * q))
    y = lines * total * some(random, rows, 0.5) * t
    wandering = calm * size(random, rows, 0.6, 1.2) * (4 / q) ** 0.25 * some(random, rows, 0.7)
    y += wandering * rough_walk(random, rows, steps)
    slope = np.cumsum(walk(random, rows, steps), 1) * size(random, rows, 0.1, 1.2) / q
    y += calm * slope * some(random, rows, 0.15)
    turn = random.uniform(0.05, 1, (rows, 1))
    broken = np.maximum(t - turn, 0) * size(random, rows, 6.0, 1.0) * sign(random, rows)
    y += lines * np.sqrt(calm) * some(random, rows, 0.2) * broken
    y += lines * some(random, rows, 0.08) * total * 1.5 / (1 + np.exp(-(t - turn) * random.uniform(4, 30, (rows, 1))))
    reverting = autoregressive(random.standard_normal((rows, steps)), 1 - 1 / (q * random.uniform(0.5, 10, rows)))
    y += calm * size(random, rows, 1.2, 0.8) * some(random, rows, 0.25) * reverting
    if "momentum" not in without:
        memory = 1 - 1 / (1 + q * random.uniform(0.1, 1.5, rows))
        growth = np.cumsum(autoregressive(random.standard_normal((rows, steps)), memory), 1)
        y += calm * size(random, rows, 1.0, 1.0) / np.sqrt(q) * some(random, rows, 0.25) * growth
    return y


def sign(random: Random, rows: int) -> Values:
    """Return -1 or 1 for each row [B, 1]."""
    return random.choice([-1.0, 1.0], (rows, 1))


def shapes(random: Random, rows: int, season: int) -> Values:
    """Return a season's shape for each row [B, m], of mean 0 and deviation 1: Fourier sums, bumps, spikes, blocks, no
    rule."""
    phase = np.arange(season) / season
    order = np.arange(1, season // 2 + 1)
    waves = np.exp(2j * np.pi * order[:, None] * phase)  # [K, m]
    decay = order ** -random.uniform(0, 2.0, (rows, 1))
    parts = (random.standard_normal((rows, len(order))) + 1j * random.standard_normal((rows, len(order)))) * decay
    fourier = unit((parts @ waves).real)
    centre, sharpness = random.random((2, rows, 1)), np.exp(random.uniform(-1, 3, (2, rows, 1)))
    bump = [unit(np.exp(k * (np.cos(2 * np.pi * (phase - c)) - 1))) for c, k in zip(centre, sharpness, strict=True)]
    bumps = unit(bump[0] + random.uniform(-0.5, 1, (rows, 1)) * bump[1])
    spikes = unit((random.random((rows, season)) < 1.5 / season) * random.exponential(1, (rows, season)) + 1e-9 * phase)
    width = random.uniform(0.15, 0.85, (rows, 1))
    block = unit((((phase + centre[0]) % 1) < width) * 1.0 + 0.1 * random.standard_normal((rows, season)))
    free = unit(random.standard_normal((rows, season)))
    every = np.stack([fourier, bumps, spikes, block, free])
    first, other = (random.choice(5, rows, p=[0.4, 0.2, 0.07, 0.13, 0.2]) for _ in range(2))
    rowed = np.arange(rows)
    return unit(every[first, rowed] + some(random, rows, 0.35) * random.uniform(0, 1, (rows, 1)) * every[other, rowed])


def unit(x: Values) -> Values:
    """Return rows moved and scaled to mean 0 and deviation 1; constant ones become 0."""
    x = x - x.mean(1, keepdims=True)
    scaled: Values = x / np.maximum(x.std(1, keepdims=True), 1e-6)
    return scaled


def drifting(
    random: Random, shape: Values, steps: int, calm: Values | float = 1.0, without: Set[str] = frozenset()
) -> Values:
    """Return a shape [B, m] repeated over T steps, while its size and its form drift, smoothly or from season to
    season."""
    rows, season = shape.shape
    place = np.arange(steps) % season
    if "drifting seasons" in without:
        return shape[:, place]
    seasons = max(steps / season, 1.0)
    y = shape[:, place]
    turning = calm * size(random, rows, 0.08, 1.0) * some(random, rows, 0.45) / np.sqrt(season)
    angle = turning * walk(random, rows, steps)
    y = np.cos(angle) * y + np.sin(angle) * shapes(random, rows, season)[:, place]
    growth = calm * random.normal(0, 0.5, (rows, 1)) * some(random, rows, 0.25) * np.linspace(-0.5, 0.5, steps)
    wander = size(random, rows, 0.06, 0.8) * some(random, rows, 0.3) / np.sqrt(season) * walk(random, rows, steps)
    wander *= calm
    y = y * np.exp(np.clip(growth * min(seasons / 4, 2) + wander, -2, 2))
    if random.random() < 0.3:  # each phase a random walk of its own, as in exponential smoothing
        jumps = random.standard_normal((rows, int(np.ceil(seasons)) + 1, season))
        own = np.cumsum(jumps - jumps.mean(2, keepdims=True), 1).reshape(rows, -1)[:, :steps]
        y += calm * size(random, rows, 0.12, 0.8) * some(random, rows, 0.5) * own
    return y


def second_season(random: Random, calm: Values, steps: int, season: int, second: int) -> Values:
    """Return a longer season upon the first: days of a week with days of their own, or a year with its peaks."""
    rows = len(calm)
    amplitude = size(random, rows, 1.2, 0.9) * some(random, rows, 0.85)
    if second % season:
        return amplitude * drifting(random, _yearly(random, rows, second), steps, calm)
    periods = second // season
    levels = shapes(random, rows, periods)
    days_off = (np.arange(periods) >= periods - 2)[None].repeat(rows, 0)
    days_off = np.take_along_axis(days_off, (np.arange(periods) + random.integers(0, periods, (rows, 1))) % periods, 1)
    week = np.where(random.random((rows, 1)) < 0.6, unit(0.15 * levels - days_off), levels)
    other = shapes(random, rows, season)[:, None] * days_off[:, :, None] * random.uniform(0, 1.2, (rows, 1, 1))
    pattern = (week[:, :, None] + other).reshape(rows, second)
    product = (week[:, :, None] * shapes(random, rows, season)[:, None]).reshape(rows, second)
    return amplitude * drifting(random, unit(pattern + 0.4 * some(random, rows, 0.5) * product), steps, calm)


def _yearly(random: Random, rows: int, second: int) -> Values:
    """Return a smooth year with few harmonics and, at times, a few short peaks."""
    order = np.arange(1, 5)
    waves = np.exp(2j * np.pi * order[:, None] * np.arange(second) / second)
    parts = (random.standard_normal((rows, 4)) + 1j * random.standard_normal((rows, 4))) / order
    year = unit((parts @ waves).real)
    centre = random.integers(0, second, (rows, 2, 1))
    away = np.abs(np.arange(second) - centre)
    peaks = np.exp(-((away / random.uniform(1, 6, (rows, 2, 1))) ** 2)) * random.normal(0, 3, (rows, 2, 1))
    return unit(year + some(random, rows, 0.3) * peaks.sum(1))


def cycles(random: Random, rows: int, steps: int, q: int) -> Values:
    """Return cycles longer than a season, whose length and size wander; many rise faster than they fall, or have flat
    feet."""
    period = q * np.exp(random.uniform(np.log(1.3), np.log(16), (rows, 1)))
    speed = 2 * np.pi / period
    wander = size(random, rows, 0.25, 0.7) * some(random, rows, 0.8) * np.sqrt(speed) * 0.4
    phase = random.uniform(0, 2 * np.pi, (rows, 1)) + speed * np.arange(steps) + wander * walk(random, rows, steps)
    lean = random.uniform(0, 0.8, (rows, 1)) * some(random, rows, 0.6)
    wave = np.sin(phase + lean * np.sin(phase))
    sharp = random.uniform(-1.2, 1.2, (rows, 1)) * some(random, rows, 0.6)
    wave = np.where(np.abs(sharp) > 0.05, np.expm1(sharp * wave) / np.where(np.abs(sharp) > 0.05, sharp, 1), wave)
    heights = autoregressive(random.standard_normal((rows, steps)), 1 - 1 / (1.5 * period[:, 0]))
    return wave * np.exp(0.35 * some(random, rows, 0.7) * heights)


def smooth(random: Random, rows: int, steps: int) -> Values:
    """Return smooth paths: Gaussian processes whose kernels are Gaussian, or rougher (rational spectra), of all
    lengths."""
    frequency = np.fft.rfftfreq(2 * steps)
    length = np.exp(random.uniform(np.log(2), np.log(max(steps / 2, 3)), (rows, 1)))
    power = random.uniform(1, 3, (rows, 1))
    gaussian, rough = np.exp(-((frequency * length * 3) ** 2)), (1 + (frequency * length * 3) ** 2) ** -power
    envelope = np.where(random.random((rows, 1)) < 0.5, gaussian, rough)
    paths = np.fft.irfft(np.fft.rfft(random.standard_normal((rows, 2 * steps))) * envelope)[:, :steps]
    return unit(paths)


def autoregressive(shocks: Values, memory: Values) -> Values:
    """Return y(t) = memory y(t-1) + shock, started in its stationary state; of deviation 1 where shocks have it [B,
    T]."""
    keep, gain = memory, np.sqrt(np.maximum(1 - memory**2, 1e-6))
    y = np.empty_like(shocks.T)
    now = shocks[:, 0]
    for t, shock in enumerate(shocks.T):
        now = keep * now + gain * shock if t else shock
        y[t] = now
    return np.ascontiguousarray(y.T)


def noise(random: Random, calm: Values, steps: int, season: int, without: Set[str]) -> Values:
    """Return noise of deviation about 1: white or with memory, of light or heavy tails, of a size that changes or
    not."""
    rows = len(calm)
    if "kinds of noise" in without:
        return random.standard_normal((rows, steps))
    heavy = random.standard_t(4, (rows, steps)) / np.sqrt(2)
    shocks = np.where(random.random((rows, 1)) < 0.7, random.standard_normal((rows, steps)), heavy)
    if season > 12:
        memory = np.where(random.random(rows) < 0.25, 0.0, random.uniform(0.0, 0.98, rows))
    else:
        memory = np.where(random.random(rows) < 0.55, 0.0, random.uniform(-0.5, 0.97, rows)) * np.sqrt(calm[:, 0])
    y = autoregressive(shocks, memory)
    if random.random() < 0.3:  # a moving average upon it
        y[:, 1:] += random.uniform(-0.8, 0.8, (rows, 1)) * some(random, rows, 0.5) * y[:, :-1]
    turbulence = autoregressive(random.standard_normal((rows, steps)), random.uniform(0.8, 0.995, rows))
    y *= np.exp(0.5 * some(random, rows, 0.25) * turbulence)
    if season > 1:
        y *= np.exp(0.4 * some(random, rows, 0.2) * shapes(random, rows, season)[:, np.arange(steps) % season])
    struck = (random.random((rows, steps)) < random.uniform(0.002, 0.03, (rows, 1))) * some(random, rows, 0.2)
    return y + struck * random.normal(0, 5, (rows, steps))


def shifts(random: Random, rows: int, steps: int) -> Values:
    """Return steps of the level, some of which fade."""
    y = np.zeros((rows, steps))
    t = np.arange(steps)
    for _ in range(2):
        at = random.integers(0, steps, (rows, 1))
        fading = np.exp(-np.maximum(t - at, 0) / (size(random, rows, 8.0, 1.0))) * some(random, rows, 0.35)
        lasting = np.where(fading[:, :1] > 0, fading, 1.0)
        y += some(random, rows, 0.12) * random.normal(0, 4, (rows, 1)) * (t >= at) * lasting
    return y


def values(random: Random, y: Values, without: Set[str] = frozenset()) -> Values:
    """Return observed values: exponentials, sums upon a level, counts; of any unit."""
    rows = len(y)
    y = y - y.mean(1, keepdims=True)
    spread = np.exp(random.normal(np.log(0.07), 1.0, (rows, 1)))
    spread = np.minimum(spread, 1.4 / np.maximum(y.std(1, keepdims=True), 1e-3))
    logs = np.exp(np.clip(spread * y, -8, 8))
    above = -y.min(1, keepdims=True) + size(random, rows, 2.0, 1.5)  # a sum that stays positive
    level = np.where(random.random((rows, 1)) < 0.6, above, size(random, rows, 3.0, 1.5) * sign(random, rows))
    multiplied = random.random((rows, 1)) < (0.0 if "products" in without else 0.62)
    result = np.where(multiplied, logs, y + level)
    if "powers" not in without:  # between sums and products
        powered = (y + above) ** random.uniform(1.3, 3.0, (rows, 1))
        powered /= np.maximum(powered.std(1, keepdims=True), 1e-9)
        result = np.where(some(random, rows, 0.2) > 0, powered, result)
    if random.random() < 0.25 and "counts" not in without:
        rate = size(random, rows, 3.0, 1.3) * np.exp(np.clip(0.5 * spread / spread.max() * y, -6, 4))
        rate *= np.where(some(random, rows, 0.4) > 0, random.gamma(2, 0.5, y.shape), 1)
        rate *= np.where(some(random, rows, 0.3) > 0, random.random(y.shape) < random.uniform(0.2, 0.9, (rows, 1)), 1)
        result = np.where(some(random, rows, 0.3) > 0, random.poisson(np.minimum(rate, 1e6)).astype(float), result)
    clipped = np.maximum(result, np.quantile(result, 0.1, axis=1, keepdims=True))
    result = np.where(some(random, rows, 0.02) > 0, clipped, result)
    return result * np.exp(random.uniform(-3, 9, (rows, 1)))


def with_gaps(random: Random, y: Values) -> Values:
    """Remove single values and stretches from some rows of some batches."""
    if random.random() > 0.12:
        return y
    rows, steps = y.shape
    lost = random.random(y.shape) < random.uniform(0, 0.25, (rows, 1)) * some(random, rows, 0.4)
    start, length = random.integers(0, steps, (rows, 1)), random.integers(1, max(2, steps // 6), (rows, 1))
    t = np.arange(steps)
    lost |= (t >= start) & (t < start + length) & (some(random, rows, 0.3) > 0)
    lost[:, :4] = False
    return np.where(lost, np.nan, y)
