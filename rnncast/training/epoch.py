"""Report of an epoch. No torch here, so that any room may hold it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochReport:
    """Results of an epoch.

    loss: mean weighted loss, in local units. gradient_norm, gradient_norm_95: median and 95th percentile over the
    epoch's updates, before clipping. clipped: share of updates with a clipped gradient. lr: the last learning rate.
    steps: series times steps seen. seconds: since training began. gradient_by_lag: norm of the gradient of the loss at
    a step in the state k steps before, by k; empty if not measured. valid_mase, naive_mase: mean MASE on the validation
    origins, of the net and of seasonal naive; None if not measured.
    """

    epoch: int
    epochs: int
    loss: float
    gradient_norm: float
    gradient_norm_95: float
    clipped: float
    lr: float
    steps: int
    seconds: float
    gradient_by_lag: dict[int, float]
    valid_mase: float | None = None
    naive_mase: float | None = None
