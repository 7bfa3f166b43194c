"""Device for the arithmetic of training. Chosen at run time, never stored: a model file fits every device."""

import torch

from rnncast.errors import UsageError


def find_device(name: str) -> torch.device:
    """Return the device of a name: auto (a GPU if there is one), cpu, cuda, cuda:1 or mps.

    Raises UsageError if it is not available.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"--device is {name!r}", hint="use auto, cpu, cuda, cuda:1 or mps") from None
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise UsageError(f"there is no device {name} here", hint="use --device auto or --device cpu")
    return device


def devices() -> dict[str, str]:
    """Return the available devices, each with the name of its hardware."""
    cuda = {f"cuda:{i}": torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())}
    mps = {"mps": "Apple GPU"} if torch.backends.mps.is_available() else {}
    return {"cpu": f"{torch.get_num_threads()} threads", **cuda, **mps}
