"""From a Panel and a resolved Config to trained weights: the one place where training starts."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from rnncast.config import Config
from rnncast.nets.model import build_model, weights_of
from rnncast.series.frame import Frame
from rnncast.series.panel import Panel
from rnncast.training.batches import Batches
from rnncast.training.loop import Step, train


def fit_weights(
    panel: Panel, config: Config, watch: Callable[[Step], None] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Train the net of a resolved Config on a panel and return its weights; `watch` is told of each epoch."""
    model = build_model(config)
    batches = Batches(panel, Frame.of(config), config.train, torch.device("cpu"))
    for step in train(model, batches, config):
        if watch is not None:
            watch(step)
    return {name: weight.detach().cpu().numpy() for name, weight in weights_of(model).items()}
