"""Weights shipped with the package."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load

from rnncast.pretrained.net import Weights

FILE = Path(__file__).with_name("pretrained.safetensors")


def pretrained_weights(path: Path = FILE) -> Weights:
    """Return the weights by name in float32, in which the net is stepped; on disk they are float16."""
    return {name: value.astype(np.float32) for name, value in load(path.read_bytes()).items()}
