"""The weights that come with the package."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load

from rnncast.pretrained.net import Weights

FILE = Path(__file__).with_name("pretrained.safetensors")


def pretrained_weights(path: Path = FILE) -> Weights:
    """Weights by name, in the 32 bits that the net is stepped in; on disk they have 16."""
    return {name: value.astype(np.float32) for name, value in load(path.read_bytes()).items()}
