"""Peers of the single series: AutoETS, AutoARIMA and AutoTheta of statsforecast (extra `classical`)."""

import json
import time
import warnings
from pathlib import Path

import numpy as np
from accuracy_data import Single, single_series
from accuracy_rows import Bench, single_origins

from rnncast.series.metrics import mase, seasonal_error

LONGEST_SEASON = 24


def measure(bench: Bench, path: Path) -> None:
    """Score each peer on each single series and write {peer: {series: MASE}, "group": ..., "seconds": ...}.

    What the file already holds is kept, so that an interrupted run goes on. Weekly series are given no season, as in
    M4, where 52 is more than ETS takes and more than ARIMA can search.
    """
    done = json.loads(path.read_text()) if path.exists() else {"group": {}}
    for number, single in enumerate(single_series(bench.folder)):
        if (number % bench.nth and number > 2) or single.name in done["group"]:
            continue
        for name, error in _scores(bench, single).items():
            done.setdefault(name, {})[single.name] = error
        done["group"][single.name] = single.group
        path.write_text(json.dumps(done, indent=1))


def _scores(bench: Bench, single: Single) -> dict[str, float]:
    """Return the mean MASE of each peer over the origins of a series."""
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

    season = single.season if single.season <= LONGEST_SEASON else 1
    scores = {}
    for kind in (AutoETS, AutoARIMA, AutoTheta):
        began, errors = time.perf_counter(), []
        for split in single_origins(single, inside=bench.inside):
            y = split.seen.y
            known = ~np.isnan(y)
            y = np.interp(np.arange(len(y)), np.flatnonzero(known), y[known])  # peers take no missing values
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                point = kind(season_length=season).forecast(y=y, h=single.horizon)["mean"]
            errors.append(mase(split.actual, point[None], seasonal_error(split.seen, single.season))[0])
        scores[kind.__name__] = float(np.mean(errors))
        print(
            f"  {single.name:28} {kind.__name__:10} {scores[kind.__name__]:7.3f} {time.perf_counter() - began:6.1f} s"
        )
    return scores
