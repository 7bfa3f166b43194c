"""The numbers of the gradient ledger: within what was measured, and not lost to rounding."""

import pytest
import torch

from rnncast.choices.decide import resolve
from rnncast.training.ledger import _norm
from rnncast.training.loop import Update, _summary
from tests.conftest import small_config, waves


def test_a_vanished_gradient_is_small_and_not_zero() -> None:
    """Its square is below the smallest float32."""
    assert _norm((torch.full((1, 1, 4), 1e-30), None)) == pytest.approx(2e-30, rel=1e-6, abs=0)


def test_the_95th_percentile_is_no_larger_than_the_largest_norm() -> None:
    updates = [Update(loss=1.0, weight=1.0, norm=norm) for norm in (*(0.1,) * 17, 25.0)]
    step = _summary(updates, 1, resolve(small_config(epochs=1), waves()).train, 0.01, 18, 1.0, {})
    assert 0.1 < step.gradient_norm_95 <= 25.0
    assert step.gradient_norm == 0.1
    assert step.clipped == pytest.approx(1 / 18)
