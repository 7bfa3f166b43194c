"""Model files of every format that was ever written are read, and forecast what they did when they were made."""

import json
from pathlib import Path

import numpy as np
import pytest

from rnncast.files.output.model_file import FORMAT
from rnncast.forecaster.forecaster import Forecaster
from tests.golden.make import HERE, forecasts

GOLDEN = sorted(HERE.glob("*.safetensors"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_file_forecasts_what_it_did(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    found = forecasts(Forecaster.load(str(path)))
    assert expected.keys() == found.keys()
    assert path.stem == f"format-{Forecaster.load(str(path)).format}"
    for name, quantiles in found.items():
        np.testing.assert_allclose(quantiles, expected[name], rtol=1e-6, err_msg=name)


def test_every_format_has_a_golden_file() -> None:
    assert [path.stem for path in GOLDEN] == [f"format-{number}" for number in range(1, FORMAT + 1)]
