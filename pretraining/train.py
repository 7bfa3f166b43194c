"""Train the pretrained net on synthetic series: python pretraining/train.py [--minutes N]

Each update draws its series from (seed, number of the update), so that a run that is cut off and goes on makes the same
weights as one that is not. Progress is kept beside the output and never deleted; run the command again to go on.
"""

import argparse
import json
import math
import time
from collections.abc import Set
from pathlib import Path

import numpy as np
import torch
from generator import CALM, LATE_CALM, PARTS, draw
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rnncast.nets.pretrained import PretrainedNet, examples, quantile_loss, tensors
from rnncast.pretrained.frame import advance, begin
from rnncast.pretrained.logs import in_logs
from rnncast.pretrained.past import Seasons
from rnncast.pretrained.weights import FILE

ORIGINS, LEADS = 8, 10  # drawn for each batch
BPTT = 256  # steps that gradients flow back
FIRST = 0.8  # share of the updates before the learning rate rises again, and series of long seasons grow restless
LATE_RATE = 0.35  # of the highest
CURRICULUM = ((0.08, 160), (0.2, 400))  # up to this share of the updates, series no longer than that
LONGEST = 2000
FLIPPED = 0.08  # share of batches with positive values seen the other way, in logs or not


def batch(
    seed: int,
    number: int,
    longest: int,
    device: str,
    without: Set[str] = frozenset(),
    only: int = 0,
    calm: float = CALM,
) -> tuple[Tensor, ...]:
    """Return the batch of an update: inputs [B, T, F], targets [B, O, R] in scales (NaN = none), weights [B, O, 1],
    parts, origins."""
    random = np.random.default_rng((seed, number))
    drawn = draw(random, longest, without, only, calm)
    y, steps = drawn.y, drawn.y.shape[1]
    farthest = min(int(np.exp(random.uniform(0.5, np.log(max(2.2 * drawn.season, 24))))), max(2, steps // 2))
    leads = np.sort(random.choice(farthest, min(LEADS, farthest), replace=False)) + 1
    first = max(2, steps - BPTT)
    origins = np.sort(random.choice(np.arange(first, steps - 1), min(ORIGINS, steps - 1 - first), replace=False))
    logs = in_logs(y, drawn.season)
    if random.random() < FLIPPED:
        logs = ~logs & (np.nanmin(y, 1) > 0)
    made = []
    for chosen in (False, True):
        rows = np.flatnonzero(logs == chosen)
        if len(rows):
            seasons = Seasons(drawn.season, drawn.second, chosen)
            made.append(_seen(np.log(y[rows]) if chosen else y[rows], seasons, origins, leads))
    joined = tensors(tuple(np.concatenate(parts) for parts in zip(*made, strict=True)), device)
    return (*joined, torch.from_numpy(origins).to(device))


def _seen(y: np.ndarray, seasons: Seasons, origins: np.ndarray, leads: np.ndarray) -> tuple[np.ndarray, ...]:
    track, _ = advance(seasons, y, begin(seasons, len(y)))
    return (track.inputs, *examples(track, y, origins, leads))


def loss_of(net: PretrainedNet, drawn: tuple[Tensor, ...]) -> Tensor:
    """Return the mean pinball loss, in units of the mean of the scale and the seasonal change up to each origin."""
    inputs, targets, weights, *parts, origins = drawn
    state, before = None, max(0, inputs.shape[1] - BPTT)
    if before:
        with torch.no_grad():
            state = net.gru(inputs[:, :before])[1]
    features = net.gru(inputs[:, before:], state)[0]
    return quantile_loss(net.head(features[:, origins - before], inputs[:, origins], tuple(parts)), targets, weights)


def rate(number: int, updates: int, highest: float) -> float:
    """Return the learning rate: a short warm-up, then down to nothing along half a cosine; along a lower one in the
    last part."""
    first = round(FIRST * updates)
    if number >= first:
        return LATE_RATE * highest * (0.5 + 0.5 * math.cos(math.pi * (number - first) / (updates - first)) + 0.002)
    return highest * min((number + 1) / 200, 0.5 + 0.5 * math.cos(math.pi * number / first) + 0.002)


def longest_at(share: float) -> int:
    """Return the curriculum, after so large a share of the updates."""
    return next((longest for until, longest in CURRICULUM if share < until), LONGEST)


def save(net: PretrainedNet, path: Path, facts: dict[str, str]) -> None:
    """Write the weights in 16 bits, whole or not at all."""
    weights = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in net.state_dict().items()}
    beside = path.with_suffix(".part")
    save_file(weights, str(beside), metadata=facts)
    beside.replace(path)


def keep(net: PretrainedNet, optimiser: torch.optim.AdamW, path: Path, number: int, seconds: float) -> None:
    """Write everything from which training resumes, whole or not at all."""
    held = {f"net.{name}": value for name, value in net.state_dict().items()}
    for name, weight in net.named_parameters():
        held |= {f"{key}.{name}": value for key, value in optimiser.state[weight].items()}
    beside = path.with_suffix(".part")
    save_file(
        {key: value.detach().cpu().contiguous() for key, value in held.items()},
        str(beside),
        metadata={"number": str(number), "seconds": str(seconds)},
    )
    beside.replace(path)


def resume(net: PretrainedNet, optimiser: torch.optim.AdamW, path: Path) -> tuple[int, float]:
    """Read it back, if it is there: the number of updates done, and the seconds they took."""
    if not path.exists():
        return 0, 0.0
    held = load_file(str(path))
    net.load_state_dict({name.removeprefix("net."): value for name, value in held.items() if name.startswith("net.")})
    for name, weight in net.named_parameters():
        optimiser.state[weight] = {key: held[f"{key}.{name}"].to(weight.device) for key in ("exp_avg", "exp_avg_sq")}
        optimiser.state[weight]["step"] = held[f"step.{name}"]
    with safe_open(str(path), "pt") as file:
        facts = file.metadata()
    return int(facts["number"]), float(facts["seconds"])


def main() -> None:
    """Train, or resume training."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, default=FILE)
    parser.add_argument("--updates", type=int, default=25000)
    parser.add_argument("--minutes", type=float, default=180.0, help="stop after this time; run again to go on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--keep", type=int, default=100, help="updates between two saves")
    parser.add_argument(
        "--without", action="append", default=[], choices=PARTS, help="a part of the prior to leave out"
    )
    parser.add_argument("--longest", type=int, default=LONGEST, help="series no longer than that, for short trials")
    parser.add_argument("--only", type=int, default=0, help="a net for this season alone")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = PretrainedNet(options.hidden).to(device)
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=1e-3)
    progress = options.output.with_suffix(".progress")
    began, shown = time.monotonic(), []
    first, spent = resume(net, optimiser, progress)
    for number in range(first, options.updates):
        for group in optimiser.param_groups:
            group["lr"] = rate(number, options.updates, options.rate)
        optimiser.zero_grad()
        longest, without = min(options.longest, longest_at(number / options.updates)), frozenset(options.without)
        calm = CALM if number < round(FIRST * options.updates) else LATE_CALM
        loss = loss_of(net, batch(options.seed, number, longest, device, without, options.only, calm))
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        if torch.isfinite(norm):
            optimiser.step()
        shown.append(loss.item())
        seconds = spent + time.monotonic() - began
        stop = seconds - spent > 60 * options.minutes
        if (number + 1) % options.keep == 0 or number + 1 == options.updates or stop:
            print(f"{number + 1:6} loss {np.mean(shown):.4f} {seconds:7.0f} s", flush=True)
            shown = []
            keep(net, optimiser, progress, number + 1, seconds)
            facts = {"updates": number + 1, "of": options.updates, "seed": options.seed}
            save(net, options.output, {"facts": json.dumps(facts)})
        if stop:
            break


if __name__ == "__main__":
    main()
