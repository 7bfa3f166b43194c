"""Coverage of intervals of sums: sums over steps, totals over series, and both; on the sample stores, on other stores
of their kind, and on simulated series whose shocks are correlated.

    python benchmarks/sums.py            # some minutes; rows for docs/sums.md
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from rnncast.config import TableConfig
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.pretrained import Pretrained
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, hold_out
from rnncast.values import Values

STORES = Path(__file__).resolve().parent.parent / "sample_data" / "store_sales.csv"
PATHS, LEVELS = 300, (80, 95)
ORIGINS, PANELS, TOWNS = 24, 20, 40
COLUMNS = ("step of a series", "sum of a series", "total at a step", "total of all", "as if independent")


def stores() -> Iterator[tuple[Split, Pretrained]]:
    """Yield the sample stores at origins a week apart, a fortnight ahead."""
    panel = read_table(str(STORES), TableConfig(target="sales"))
    for back in range(14, 14 + 7 * ORIGINS, 7):
        yield hold_out(panel, 14, back, 100), Pretrained(14, (7,))


def other_stores() -> Iterator[tuple[Split, Pretrained]]:
    """Yield panels of other stores, each from a seed of its own, at one origin in their second year."""
    maker = _maker()
    for seed in range(TOWNS):
        random, sales = np.random.default_rng(1000 + seed), dict[str, Values]()
        weather = maker.weather(random)
        for store in range(maker.STORES):
            values = np.full(maker.DAYS, np.nan)
            for name, day, sold, *_ in maker.store_rows(store, weather, random):
                values[(day - maker.FIRST_DAY).days] = sold
                sales[name] = values
        first = np.array([int(np.flatnonzero(~np.isnan(each))[0]) for each in sales.values()])
        opened = {name: each[begin:] for (name, each), begin in zip(sales.items(), first, strict=True)}
        back = 14 + int(np.random.default_rng(seed).integers(0, 350))
        yield hold_out(Panel.from_series(opened, start=first), 14, back, 100), Pretrained(14, (7,))


def _maker() -> ModuleType:
    """Return the script that made the sample stores."""
    found = importlib.util.spec_from_file_location("make_store_sales", STORES.parent / "make_store_sales.py")
    assert found is not None
    assert found.loader is not None
    maker = importlib.util.module_from_spec(found)
    found.loader.exec_module(maker)
    return maker


def simulated(share: float) -> Iterator[tuple[Split, Pretrained]]:
    """Yield panels of ten autoregressive series, whose shocks have a correlation of `share`."""
    for seed in range(PANELS):
        random = np.random.default_rng(seed)
        shocks = np.sqrt(share) * random.standard_normal((1, 300))
        shocks = shocks + np.sqrt(1 - share) * random.standard_normal((10, 300))
        values = np.zeros((10, 300))
        for t in range(1, 300):
            values[:, t] = 0.8 * values[:, t - 1] + shocks[:, t]
        panel = Panel.from_series({f"s{s}": 100 + 3 * each for s, each in enumerate(values)})
        yield hold_out(panel, 10, 10, 100), Pretrained(10, ())


def covered(paths: Values, actual: Values, level: int) -> float:
    """Return the share of values [...] within the central interval of paths [..., P]; what is missing does not
    count."""
    low, high = np.quantile(paths, [0.5 - level / 200, 0.5 + level / 200], axis=-1)
    known = ~np.isnan(actual)
    return float(((low <= actual) & (actual <= high))[known].mean()) if known.any() else float("nan")


def coverage(split: Split, net: Pretrained) -> list[list[float]]:
    """Return the coverage of each kind of sum at an origin, at each level. What is missing is so in the paths too."""
    actual = split.actual  # [S, H]
    paths = np.where(np.isnan(actual)[..., None], np.nan, net.sample(split.seen, PATHS).values)  # [S, H, P]
    random = np.random.default_rng(0)
    alone = np.array([each[:, random.permutation(PATHS)] for each in paths])
    pairs = [
        (paths[~np.isnan(actual)], actual[~np.isnan(actual)]),
        (np.nansum(paths, axis=1), np.nansum(actual, axis=1)),
        (np.nansum(paths, axis=0), np.nansum(actual, axis=0)),
        (np.nansum(paths, axis=(0, 1)), np.nansum(actual)),
        (np.nansum(alone, axis=(0, 1)), np.nansum(actual)),
    ]
    return [[covered(drawn, observed, level) for level in LEVELS] for drawn, observed in pairs]


def main() -> None:
    """Print a row for each kind of data."""
    print("data", *COLUMNS, sep=" | ")
    for name, data in {
        "stores": stores(),
        "other stores": other_stores(),
        **{f"correlation {share}": simulated(share) for share in (0.4, 0.8)},
    }.items():
        found = np.nanmean([coverage(split, net) for split, net in data], axis=0)
        print(f"| {name} |", " | ".join(", ".join(f"{each:.0%}" for each in kind) for kind in found), "|", flush=True)


if __name__ == "__main__":
    main()
