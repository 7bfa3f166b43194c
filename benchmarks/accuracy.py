"""Accuracy of the defaults: every row of the accuracy table, from the files' official layout.

    python benchmarks/accuracy.py DATA_FOLDER [--row ROW ...] [--model lstm,window] [--validate-on] [--output FILE]

DATA_FOLDER holds m4-hourly-train.csv, m4-hourly-test.csv, m4-weekly-train.csv, etth1.csv, air-passengers.csv,
monthly-sunspots.csv, monthly-milk-incomplete.csv and australian-tourism.csv. First the evaluator is held against the
official scores of seasonal naive and Naive2. --validate-on scores on origins inside the training data: that is what
settings are chosen on. Rows that were run apart, each with --seeds and --output, are put on a page by --join. Peers:
--row peers (extra `classical`), --row nets (extra `bench`). With --peers FILE and --page docs/accuracy.md, the table
of single series is written there.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean, geometric_mean, median

from accuracy_data import m4_hourly
from accuracy_rows import Bench, Result, ett, fev, hourly, samples, singles, weekly
from accuracy_scores import check_self
from accuracy_table import put, seeds_table, singles_table

ROWS: dict[str, Callable[[Bench, str], Iterator[Result]]] = {
    "m4-hourly": hourly,
    "m4-weekly": weekly,
    "etth1": ett,
    "etth1-fev": fev,
    "samples": samples,
}
ALL = (*ROWS, "single")
Scores = dict[str, dict[str, list[float]]]  # errors of each seed, by net and series


def single_row(
    bench: Bench, model: str, peers: dict[str, dict[str, float]], scores: dict[str, list[float]]
) -> Iterator[Result]:
    """Yield the single series, by set and together; where scores of peers are given, those that these have, relative to
    the set's best peer. The error of each series is added to `scores`."""
    groups: dict[str, list[tuple[float, float, float]]] = {}
    shares: dict[str, list[float]] = {}
    for single, error, naive, seconds, coverage in singles(bench, model, peers["group"] if peers else None):
        for share in coverage:
            shares.setdefault(share.metric, []).append(share.value)
        scores.setdefault(single.name, []).append(error)
        beside = peers[_best_peer(peers, single.group)][single.name] if peers else naive
        print(f"  {single.name:28} {model:8} MASE {error:7.3f}  beside {beside:7.3f}  {seconds:5.1f} s", flush=True)
        groups.setdefault(single.group, []).append((max(error, 1e-6), max(beside, 1e-6), seconds))
    word = "best peer" if peers else "seasonal naive"
    for group, values in groups.items():
        ratio = geometric_mean([error / beside for error, beside, _ in values])
        yield Result(f"single {group}", model, f"MASE / {word}", ratio, sum(v[2] for v in values) / len(values))
    every = [value for values in groups.values() for value in values]
    ratio = geometric_mean([error / beside for error, beside, _ in every])
    yield Result("single", model, f"MASE / {word}", ratio, median(v[2] for v in every), 0.95, 0.85)
    for metric, each in shares.items():
        yield Result("single", model, metric, sum(each) / len(each), median(v[2] for v in every))


def _best_peer(peers: dict[str, dict[str, float]], group: str) -> str:
    """Return the peer with the lowest geometric mean over a set."""

    def mean(name: str) -> float:
        scores = [score for key, score in peers[name].items() if peers["group"].get(key) == group]
        return geometric_mean([max(score, 1e-6) for score in scores])

    return min((name for name in peers if name != "group"), key=mean)


def against_window(results: list[Result]) -> Iterator[Result]:
    """Yield the LSTM's error relative to the window net's, geometric mean over the rows' first metrics."""
    rows = {(r.row, r.metric, r.model): r.value for r in results if r.reach is not None}
    ratios = [
        value / rows[row, metric, "window"]
        for (row, metric, model), value in rows.items()
        if model == "lstm" and (row, metric, "window") in rows
    ]
    if ratios:
        yield Result("lstm / window", "lstm", "geometric mean", geometric_mean(ratios), 0.0, 1.0, 0.95)


def show(result: Result) -> None:
    """Print a line of the table."""
    targets = "" if result.reach is None else f"  to reach {result.reach:g}, stretch {result.stretch:g}"
    print(
        f"{result.row:32} {result.model:8} {result.metric:22} {result.value:8.4f} {result.seconds:7.1f} s{targets}",
        flush=True,
    )


def _settings(pairs: list[str]) -> dict[str, dict[str, object]]:
    """Return `net.hidden_size=64` and the like, as nested tables."""
    settings: dict[str, dict[str, object]] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        section, _, key = name.partition(".")
        value = json.loads(text)
        settings.setdefault(section, {})[key] = tuple(value) if isinstance(value, list) else value
    return settings


def join(files: list[Path], peers: dict[str, dict[str, float]], page: Path) -> None:
    """Put the tables of several runs, from their JSON, on a page."""
    found = [json.loads(file.read_text()) for file in files]
    put(seeds_table([Result(**result) for each in found for result in each["results"]]), page)
    if peers:
        scores: Scores = {}
        for each in found:
            scores |= each["scores"]
        put_singles(scores, peers, page)


def put_singles(scores: Scores, peers: dict[str, dict[str, float]], page: Path) -> None:
    """Put the table of single series on a page: the mean error of each over the seeds, beside those of peers."""
    ours = {model: {name: fmean(errors) for name, errors in each.items()} for model, each in scores.items()}
    others = {name: errors for name, errors in peers.items() if name not in ("group", "seconds")}
    put(singles_table(ours, others, peers["group"]), page)


def main() -> None:
    """Check the evaluator, run the rows, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--row", action="append", choices=(*ALL, "peers", "nets"), help="the default is all but peers and nets"
    )
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--validate-on", action="store_true", help="score inside the training data")
    parser.add_argument("--nth", type=int, default=1, help="every nth series only")
    parser.add_argument("--seeds", default="", help="1,2,3: each row with each seed; the page gets means and spreads")
    parser.add_argument("--set", action="append", default=[], help="a setting to try: net.hidden_size=64")
    parser.add_argument("--peers", type=Path, help="scores of peers, as --row peers writes them")
    parser.add_argument("--output", type=Path, help="write the results here, as JSON")
    parser.add_argument("--page", type=Path, help="put the table of single series, beside --peers, on this page")
    parser.add_argument("--join", type=Path, nargs="+", help="put results of earlier runs on the page, and run nothing")
    options = parser.parse_args()
    peers = json.loads(options.peers.read_text()) if options.peers and options.peers.exists() else {}
    if options.join:
        join(options.join, peers, options.page)
        return
    check_self(m4_hourly(options.folder, inside=False))
    bench = Bench(options.folder, options.validate_on, options.nth, _settings(options.set))
    benches = [bench.with_seed(int(seed)) for seed in options.seeds.split(",") if seed] or [bench]
    began, results, scores = time.perf_counter(), [], Scores()
    for row in options.row or ALL:
        if row == "peers":
            from accuracy_peers import measure

            measure(bench, options.peers or Path("peers.json"))
            continue
        if row == "nets":
            from accuracy_nets import net_peers

            for single, peer, error, seconds in net_peers(bench):
                print(f"  {single:28} {peer:20} MASE {error:7.3f}  {seconds:5.1f} s", flush=True)
            continue
        for model in options.model.split(","):
            alone: dict[str, list[float]] = scores.setdefault(model, {}) if row == "single" else {}
            for seeded in benches:
                for result in single_row(seeded, model, peers, alone) if row == "single" else ROWS[row](seeded, model):
                    assert math.isfinite(result.value)
                    results.append(result)
                    show(result)
    for result in against_window(results):
        results.append(result)
        show(result)
    print(f"{time.perf_counter() - began:.0f} s in all")
    if options.page and peers and scores:
        put_singles(scores, peers, options.page)
    if options.page and options.seeds:
        put(seeds_table(results), options.page)
    if options.output:
        facts = {"inside": bench.inside, "nth": bench.nth, "settings": bench.settings}
        facts |= {"scores": scores, "results": [result._asdict() for result in results]}
        options.output.write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
