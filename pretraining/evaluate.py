"""Accuracy of the pretrained net on real series that it has never seen, without training.

    python pretraining/evaluate.py DATA_FOLDER [--weights FILE] [--row ROW ...] [--others FILE] [--inside]

Each evaluator is first checked against a known figure of seasonal naive. --others: a CSV of further series (id,
season, second, value). --inside: origins inside the training data, on which settings may be chosen. --naive: seasonal
naive in the net's place.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import geometric_mean
from typing import NamedTuple

import numpy as np

from rnncast.pretrained.net import PROBABILITIES, forecast
from rnncast.pretrained.past import Values
from rnncast.pretrained.weights import FILE, pretrained_weights

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from accuracy_data import m4_hourly, m4_weekly, single_series
from accuracy_rows import single_origins

MIDDLE = len(PROBABILITIES) // 2
# The best of AutoETS, AutoARIMA and AutoTheta on each set: geometric mean of MASE, four origins (docs/accuracy.md).
BEST = {
    "air-passengers": 0.804,
    "monthly-sunspots": 2.041,
    "monthly-milk-incomplete": 0.643,
    "tourism": 0.859,
    "m4-hourly": 0.852,
    "m4-weekly": 0.359,
}
HOURLY_MEASURED = 5  # hourly series that AutoARIMA was measured on
SECOND = {24: 168, 48: 336, 7: 365}


class Origin(NamedTuple):
    """Past, values after it, the season and the second one, and the season that MASE is counted in."""

    seen: Values
    actual: Values
    season: int
    second: int
    scale_season: int


class Scored(NamedTuple):
    """MASE [N] of each origin, and the values within the 80 % and 95 % intervals among those there are."""

    mase: Values
    within: Values
    values: int


Forecaster = Callable[[Values, int, int, int], Values]


def second_season(season: int, length: int) -> int:
    """Return the longer season that usually goes with one, where two of it are seen."""
    second = SECOND.get(season, 0)
    return second if length > 2 * second else 0


def origin(seen: Values, actual: Values, season: int, scale_season: int | None = None) -> Origin:
    """Return an origin with its second season."""
    return Origin(seen, actual, season, second_season(season, len(seen)), scale_season or season)


def score(origins: list[Origin], model: Forecaster) -> Scored:
    """Forecast and score all origins, those of a kind side by side."""
    mase, within, count = np.full(len(origins), np.nan), np.zeros(2), 0
    kinds: dict[tuple[int, int, int, int], list[int]] = {}
    for i, each in enumerate(origins):
        bucket = int(np.log(len(each.seen)) / 0.1)
        kinds.setdefault((each.season, each.second, len(each.actual), bucket), []).append(i)
    for (season, second, horizon, _), members in kinds.items():
        for first in range(0, len(members), 128):
            rows = members[first : first + 128]
            longest = max(len(origins[i].seen) for i in rows)
            y = np.full((len(rows), longest), np.nan)
            for row, i in enumerate(rows):
                y[row, longest - len(origins[i].seen) :] = origins[i].seen
            got = model(y, horizon, season, second)
            for row, i in enumerate(rows):
                actual, known = origins[i].actual, ~np.isnan(origins[i].actual)
                error = np.abs(got[row, :, MIDDLE] - actual)[known].mean()
                mase[i] = error / seasonal_error(origins[i].seen, origins[i].scale_season)
                for k, (low, high) in enumerate(((1, -2), (0, -1))):
                    inside = (got[row, :, low] <= actual) & (actual <= got[row, :, high])
                    within[k] += inside[known].sum()
                count += int(known.sum())
    return Scored(mase, within, count)


def seasonal_error(seen: Values, season: int) -> float:
    """Return MASE's unit: the mean seasonal change (of the last value, where the series is shorter)."""
    lag = season if len(seen) > season else 1
    return float(np.nanmean(np.abs(seen[lag:] - seen[:-lag])))


def net_of(weights: Mapping[str, Values]) -> Forecaster:
    """Return the pretrained net."""
    return lambda y, horizon, season, second: forecast(weights, y, horizon, season, second)


def seasonal_naive(y: Values, horizon: int, season: int, second: int) -> Values:
    """Return the last season again, in the place of all quantiles; what is missing is looked for a season earlier."""
    filled = y.copy()
    for t in range(season, y.shape[1]):
        filled[:, t] = np.where(np.isnan(filled[:, t]), filled[:, t - season], filled[:, t])
    last = filled[:, y.shape[1] - season + np.arange(horizon) % season]
    return np.repeat(last[:, :, None], len(PROBABILITIES), 2)


def tourism(folder: Path, inside: bool) -> list[Origin]:
    """Return fev-bench's australian_tourism: 89 series, 8 quarters, the last two windows."""
    lines = list(csv.reader((folder / "australian-tourism.csv").read_text().splitlines()))
    columns = np.array(lines[1:], float)[:, :89].T
    ends = [columns.shape[1] - 8 * k - (8 if inside else 0) for k in (2, 1)]
    return [origin(y[:end], y[end : end + 8], 4) for end in ends for y in columns]


def hourly(folder: Path, inside: bool) -> list[Origin]:
    """Return M4 hourly, the official split."""
    split = m4_hourly(folder, inside=inside).split
    return [origin(split.seen[s].y, split.actual[s], 24) for s in range(len(split.seen))]


def weekly(folder: Path, inside: bool) -> list[Origin]:
    """Return M4 weekly, the last 13 held out; MASE counts changes of a week."""
    split = m4_weekly(folder, inside=inside).split
    series = (split.seen[s].y for s in range(len(split.seen)))
    return [origin(y, actual, 52 if len(y) > 2 * 52 else 1, 1) for y, actual in zip(series, split.actual, strict=True)]


def singles(folder: Path, inside: bool) -> dict[str, list[Origin]]:
    """Return the single series by set, four origins each."""
    sets: dict[str, list[Origin]] = {}
    for single in single_series(folder):
        if single.group == "m4-hourly" and len(sets.get("m4-hourly", [])) >= 4 * HOURLY_MEASURED:
            continue
        for split in single_origins(single, inside=inside):
            sets.setdefault(single.group, []).append(origin(split.seen[0].y, split.actual[0], single.season))
    return sets


def others(path: Path, part: str) -> list[list[Origin]]:
    """Return three origins of each series of a file, the horizon a season or so; "even" or "odd" series, or "all"."""
    series: dict[str, tuple[int, list[float]]] = {}
    for row in csv.DictReader(path.read_text().splitlines()):
        known = float(row["value"]) if row["value"] else np.nan
        series.setdefault(row["id"], (int(row["season"]), []))[1].append(known)
    result = []
    for number, name in enumerate(sorted(series)):
        season, values = series[name]
        y, horizon = np.array(values), min(max(6, 2 * season if season < 7 else season), 48)
        horizon = min(horizon, max(2, len(y) // 6))
        if part == "all" or (number % 2 == 1) == (part == "odd"):
            ends = [len(y) - horizon * k for k in (3, 2, 1)]
            result.append([origin(y[:end], y[end : end + horizon], season) for end in ends])
    return result


def geometric(scored: Scored, origins: int) -> float:
    """Return the geometric mean over series of the mean MASE over their origins."""
    return geometric_mean(np.maximum(np.nanmean(scored.mase.reshape(-1, origins), 1), 1e-6))


class Line(NamedTuple):
    """A figure, with what it is to reach."""

    row: str
    metric: str
    value: float
    reach: float | None = None


def lines(options: argparse.Namespace, model: Forecaster) -> Iterator[Line]:
    """Yield the table, row by row."""
    within, count = np.zeros(2), 0
    for row in options.row:
        began = time.process_time()
        if row == "singles":
            sets = singles(options.folder, options.inside)
            logs, number = 0.0, 0
            for group, origins in sets.items():
                scored = score(origins, model)
                within, count = within + scored.within, count + scored.values
                each = 4 if not options.inside or len(origins) % 4 == 0 else 1
                value, series = geometric(scored, each), len(origins) // each
                logs, number = logs + series * np.log(value / BEST[group]), number + series
                yield Line(
                    f"single {group}",
                    f"MASE, {series} series",
                    value,
                    {"air-passengers": 0.65, "monthly-sunspots": 1.0}.get(group),
                )
            yield Line("singles", f"MASE / best classical, {number}", float(np.exp(logs / number)), 0.90)
        elif row == "others":
            for season in (4, 12, 1, 0):
                chosen = [
                    o
                    for o in others(options.others, options.part)
                    if (o[0].season if o[0].season in (1, 4, 12) else 0) == season
                ]
                flat = [each for series in chosen for each in series]
                scored, naive = score(flat, model), score(flat, seasonal_naive)
                good = np.isfinite(naive.mase.reshape(-1, 3)).all(1) & (naive.mase.reshape(-1, 3) > 0).all(1)
                ours, beside = (np.nanmean(s.mase.reshape(-1, 3), 1)[good] for s in (scored, naive))
                yield Line(f"others m={season or 'other'}", f"MASE, {len(ours)} series", geometric_mean(ours))
                yield Line(f"others m={season or 'other'}", "MASE / seasonal naive", geometric_mean(ours / beside))
                yield Line(
                    f"others m={season or 'other'}", "covered by 80 %", float(100 * scored.within[0] / scored.values)
                )
        else:
            origins = {"tourism": tourism, "hourly": hourly, "weekly": weekly}[row](options.folder, options.inside)
            scored = score(origins, model)
            within, count = within + scored.within, count + scored.values
            if row == "weekly":
                naive = score([o._replace(season=1, second=0) for o in origins], seasonal_naive)
                yield Line(row, "MASE / naive", float(scored.mase.mean() / naive.mase.mean()), 0.80)
            else:
                yield Line(row, "MASE", float(scored.mase.mean()), {"tourism": 0.93, "hourly": 0.85}[row])
            for level, share in zip((80, 95), scored.within / scored.values, strict=True):
                yield Line(row, f"covered by {level} %", float(100 * share))
        yield Line(row, "seconds", time.process_time() - began)
    if count:
        for level, share in zip((80, 95), within / count, strict=True):
            yield Line("pooled", f"covered by {level} %", float(100 * share))


def check(folder: Path) -> None:
    """Check the evaluators against seasonal naive's known figures."""
    for name, origins, known in (
        ("tourism", tourism(folder, False), 1.0994521),
        ("hourly", hourly(folder, False), 1.193),
    ):
        got = float(score(origins, seasonal_naive).mase.mean())
        if abs(got - known) > 0.0005:
            raise SystemExit(f"the evaluator of {name} is wrong: seasonal naive has {got:.7f}, not {known}")


def main() -> None:
    """Check, forecast, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, default=FILE)
    parser.add_argument("--row", action="append", choices=("tourism", "singles", "weekly", "hourly", "others"))
    parser.add_argument("--others", type=Path)
    parser.add_argument("--part", choices=("even", "odd", "all"), default="even")
    parser.add_argument("--inside", action="store_true")
    parser.add_argument("--naive", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    options.row = options.row or ["tourism", "singles", "weekly", "hourly"]
    check(options.folder)
    weights = pretrained_weights(options.weights)
    found = []
    for line in lines(options, seasonal_naive if options.naive else net_of(weights)):
        found.append(line)
        reach = "" if line.reach is None else f"   to reach {line.reach:g}"
        print(f"{line.row:26} {line.metric:32} {line.value:9.4f}{reach}", flush=True)
    if options.output:
        options.output.write_text(json.dumps([line._asdict() for line in found], indent=1))


if __name__ == "__main__":
    main()
