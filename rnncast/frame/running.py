"""Recurrences along time: values carried forward, changes, and discounted sums. B series, T steps."""

from rnncast.series.arrays import Array, full, joined, namespace, running_max, take_along, whole_numbers

BLOCK = 256  # steps of a linear recurrence solved by one matrix product
STOPGAP_WEIGHT = 0.01  # of |y(t) - y(t-1)| in place of a seasonal difference that is not available


def carried(values: Array, known: Array, before: Array) -> Array:
    """Return values [B, T] with unknown ones replaced by the last known one, or by `before` [B] if there is none
    yet."""
    if known.all():
        return values
    xp = namespace(values)
    padded = joined(before[:, None], values)
    index = xp.where(known, whole_numbers(1, values.shape[1], values), 0)  # [B, T]
    return take_along(padded, running_max(index))


def running_sum(x: Array, before: Array, decay: float) -> Array:
    """Return s(t) = decay * s(t-1) + x(t) for x [B, T] and s(0) = before [B], a block of steps at a time."""
    if x.shape[1] == 1:  # a single row of a stream
        return x + decay * before[:, None]
    if decay == 1:
        return before[:, None] + namespace(x).cumsum(x, 1)
    steps, rate = whole_numbers(1, min(BLOCK, x.shape[1]), x), full((1,), decay, x)
    lag = steps[:, None] - steps[None, :]  # [T, T]
    powers = ((rate ** namespace(x).clip(lag, 0, None)) * (lag >= 0)).T
    fading, blocks = rate**steps, []
    for start in range(0, x.shape[1], BLOCK):
        block = x[:, start : start + BLOCK]
        size = block.shape[1]
        blocks.append(block @ powers[:size, :size] + before[:, None] * fading[:size])
        before = blocks[-1][:, -1]
    return joined(*blocks)


def differences(past: Array, steps: int, span: int) -> tuple[Array, Array]:
    """Return |y(t) - y(t-s)| and its weight [B, T]; |y(t) - y(t-1)| with a small weight where that is missing."""
    xp = namespace(past)
    first = past.shape[1] - steps
    now = past[:, first:]
    seasonal, last = (past[:, first - lag : first - lag + steps] for lag in (span, 1))
    use_last = xp.isnan(now) | xp.isnan(seasonal)
    before = xp.where(use_last, last, seasonal)
    unknown = xp.isnan(now) | xp.isnan(before)
    # Missing values are replaced before the arithmetic, as in Frame.
    difference = xp.abs(xp.where(unknown, 0.0, now) - xp.where(unknown, 0.0, before))
    full_weight = xp.ones_like(now)
    return difference, xp.where(use_last, STOPGAP_WEIGHT * full_weight, full_weight) * ~unknown


def swings(y: Array, level: Array) -> tuple[Array, Array]:
    """Return |y(t) - level(t)| and its weight [B, T], 0 where a value is missing."""
    xp = namespace(y)
    seen = ~xp.isnan(y)
    filled = xp.where(seen, y, 0.0)
    return xp.abs(filled - xp.where(seen, level, filled)), seen * xp.ones_like(y)
