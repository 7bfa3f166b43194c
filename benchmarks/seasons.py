"""Rates at which a season is found if there is none, and if there is one.

    python benchmarks/seasons.py                          # simulated series, 1,000 of each kind, and the sample data
    python benchmarks/seasons.py --folder DATA_FOLDER     # and the series of accuracy.py, each taken alone

Nothing says how the simulated series are spaced, so that a season can only be found. Series without a season are of 30
to 200 values; a longer season is looked for in them as beside one of 4, 7 or 12 that the calendar gives. Seasons have
a random shape under noise, are repeated as often as the row says, and make up the share of the variance that it says.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rnncast.choices.seasonality import find_longer_season, find_season
from rnncast.series.panel import Panel

Values = NDArray[np.float64]
Random = np.random.Generator
LENGTHS = (30, 45, 60, 100, 200)
SEASONS = {"quarters": 4, "days": 7, "months": 12, "hours": 24}
REPEATED = (4, 8, 20)
SHARES = (0.2, 0.5, 0.8)
AIM = 0.02  # false alarms, at most


def _steps(n: int) -> Values:
    return np.arange(n, dtype=float)


def annual(random: Random, n: int) -> Values:
    """Return a trend of 3 a year under noise of 1.5."""
    return 3 * _steps(n) + random.normal(0, 1.5, n)


def trend(random: Random, n: int) -> Values:
    """Return a slight to a steep trend under noise of 1."""
    return random.choice([0.02, 0.1, 0.5, 2]) * _steps(n) + random.normal(size=n)


def walk(random: Random, n: int) -> Values:
    """Return a random walk."""
    return random.normal(size=n).cumsum()


def drifting_walk(random: Random, n: int) -> Values:
    """Return a random walk with a drift."""
    return (random.normal(size=n) + random.choice([0.2, 1])).cumsum()


def shift(random: Random, n: int) -> Values:
    """Return noise whose level shifts once, by 2, 5 or 20 of its standard deviations."""
    return random.choice([2, 5, 20]) * (_steps(n) >= random.integers(n // 5, n - n // 5)) + random.normal(size=n)


def growth(random: Random, n: int) -> Values:
    """Return growth of 5 % a step, give or take 10 %."""
    return np.exp(0.05 * _steps(n) + 0.1 * random.normal(size=n))


def local_level(random: Random, n: int) -> Values:
    """Return a random walk under noise."""
    return random.choice([0.1, 0.3, 1]) * random.normal(size=n).cumsum() + random.normal(size=n)


def red_noise(random: Random, n: int) -> Values:
    """Return an autoregression of the first order, with a coefficient of -0.5, 0.5, 0.8 or 0.95."""
    y, before = random.normal(size=n), random.choice([-0.5, 0.5, 0.8, 0.95])
    for t in range(1, n):
        y[t] += before * y[t - 1]
    return y


def outliers(random: Random, n: int) -> Values:
    """Return noise with heavy tails: Student's t with 3 degrees of freedom."""
    return random.standard_t(3, size=n)


WITHOUT: dict[str, Callable[[Random, int], Values]] = {
    each.__name__.replace("_", " "): each
    for each in (annual, trend, walk, drifting_walk, shift, growth, local_level, red_noise, outliers)
}


def alone(y: Values) -> Panel:
    """Return a panel of one series."""
    return Panel.from_series({"a": y})


def false_alarms(kind: str, count: int) -> tuple[float, float]:
    """Return the shares of series without a season in which one is found, and a longer one beside that of the
    calendar."""
    random, found, longer = np.random.default_rng(1), 0, 0
    for _ in range(count):
        y = WITHOUT[kind](random, int(random.choice(LENGTHS)))
        season = int(random.choice([4, 7, 12]))
        found += find_season(alone(y)) is not None
        longer += find_longer_season(alone(y), season) is not None
    return found / count, longer / count


def power(season: int, repeated: int, share: float, count: int) -> float:
    """Return the share of series with a season in which it is found."""
    random, found = np.random.default_rng(2), 0
    for _ in range(count):
        shape = random.normal(size=season)
        shape = (shape - shape.mean()) / shape.std()
        y = np.sqrt(share) * np.tile(shape, repeated)
        found += find_season(alone(y + np.sqrt(1 - share) * random.normal(size=len(y)))) == season
    return found / count


def real(folder: Path | None) -> list[dict[str, object]]:
    """Return the seasons found in real series whose times are taken away, and which of them their description names."""
    from accuracy_data import sample_data, single_series

    groups: dict[str, list[tuple[int, Values]]] = {}
    for sample in sample_data():
        groups.setdefault(sample.name, []).extend((sample.season, y) for _, _, y in sample.panel)
    years = groups["sunspots"][0][1]
    groups["sunspots, means of years"] = [(11, years[: len(years) // 12 * 12].reshape(-1, 12).mean(1))]
    for single in single_series(folder) if folder else ():
        groups.setdefault(single.group, []).append((single.season, single.panel.y))
    rows = []
    for group, series in groups.items():
        seasons = [find_season(alone(y)) or 1 for _, y in series]
        right = sum(found == season for found, (season, _) in zip(seasons, series, strict=True))
        counted = {season: seasons.count(season) for season in sorted(set(seasons))}
        rows.append({"data": group, "series": len(series), "as described": right, "found": str(counted)[1:-1]})
    return rows


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="series of each kind without a season")
    parser.add_argument("--seasonal", type=int, default=100, help="series of each kind with one")
    parser.add_argument("--folder", type=Path, help="the data of accuracy.py")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here")
    given = parser.parse_args()

    alarms = Table(title=f"found where there is none, of {given.count}", title_justify="left")
    for header in ("series", "a season", "a longer season", f"at most {AIM:.0%}"):
        alarms.add_column(header)
    rates = {kind: false_alarms(kind, given.count) for kind in WITHOUT}
    for kind, both in rates.items():
        alarms.add_row(kind, *(f"{rate:.1%}" for rate in both), "yes" if max(both) <= AIM else "no")
    Console().print(alarms)

    found = Table(title=f"found where there is one, of {given.seasonal}", title_justify="left")
    for header in ("season", "repeated", *(f"{share:.0%} of the variance" for share in SHARES)):
        found.add_column(header)
    powers = {}
    for name, season in SEASONS.items():
        for repeated in REPEATED:
            row = [power(season, repeated, share, given.seasonal) for share in SHARES]
            powers[f"{name} ({season}), {repeated} times"] = row
            found.add_row(f"{name} ({season})", str(repeated), *(f"{rate:.0%}" for rate in row))
    Console().print(found)

    sets = real(given.folder)
    there = Table(title="found in real series without their times; 1 is none", title_justify="left")
    for header in sets[0]:
        there.add_column(header)
    for row in sets:
        there.add_row(*map(str, row.values()))
    Console().print(there)
    if given.json:
        given.json.write_text(json.dumps({"none": rates, "one": powers, "real": sets}, indent=1) + "\n")


if __name__ == "__main__":
    main()
