"""Fuzz model files, signed again: what is not refused forecasts finite numbers in order."""

from contextlib import suppress

import numpy as np

from rnncast.errors import DataError, ForecastError, ModelFileError
from rnncast.forecaster.forecaster import Forecaster
from tests.fuzz.tables import scratch
from tests.mutants import signed


def try_input(data: bytes) -> None:
    """The bytes of a file, but for its checksum."""
    scratch().write_bytes(signed(data))
    with suppress(ModelFileError, DataError, ForecastError):
        model = Forecaster.load(str(scratch()))
        quantiles = model.predict(horizon=min(model.spec.task.horizon, 5)).quantiles
        assert np.isfinite(quantiles).all()
        assert (np.diff(quantiles, axis=-1) >= 0).all()


if __name__ == "__main__":
    from harness import fuzz

    fuzz("model")
