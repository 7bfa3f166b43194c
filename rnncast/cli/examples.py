"""Examples of each command, shown by --help and the documentation, and run by the tests."""

from typing import NamedTuple


class Example(NamedTuple):
    """A shell command, and what it is for. Its files are those of sample_data, and those written by earlier
    examples."""

    command: str
    meaning: str


EXAMPLES = {
    "train": (
        Example("rnncast train sales.csv", "learn, and write rnncast.safetensors"),
        Example("rnncast train sales.csv -H 18 --level 50,90 -o sales.safetensors", "18 steps, other intervals"),
        Example("rnncast train stores.csv --target sales --known promotion --explain", "many series, and reasons"),
    ),
    "tune": (
        Example("rnncast tune sales.csv --trials 20 --max-time 10m", "search, and write tuned.toml"),
        Example("rnncast train sales.csv --settings tuned.toml", "train with what was found"),
        Example("rnncast tune sales.csv --search model,dropout --journal trials.jsonl", "in several sittings"),
    ),
    "forecast": (
        Example("rnncast forecast", "continue every series of rnncast.safetensors"),
        Example("rnncast forecast sales.csv -H 12 -o forecast.csv", "forecast what follows a table"),
        Example("cat sales.csv | rnncast forecast - --format jsonl", "in a pipe"),
    ),
    "compare": (
        Example("rnncast compare sales.csv --baseline window", "does a recurrent state help here?"),
        Example("rnncast compare sales.csv --model gru --model pretrained --baseline ets", "more candidates"),
        Example("rnncast compare sales.csv --require-win || echo 'no evidence'", "in a script"),
    ),
    "score": (
        Example("rnncast score forecast.csv --actual actual.csv", "how good a forecast was"),
        Example("rnncast score forecast.csv --actual actual.csv --history sales.csv --by lead", "by lead time"),
    ),
    "check": (
        Example("rnncast check sales.csv", "what was understood of a table, and what is wrong with it"),
        Example("rnncast check sales.csv --json", "the same for a program"),
    ),
    "inspect": (
        Example("rnncast inspect", "what rnncast.safetensors holds"),
        Example("rnncast inspect sales.safetensors --json", "the same about another file, for a program"),
    ),
    "export": (Example("rnncast export sales.safetensors --onnx -o sales.onnx", "an ONNX graph of one step"),),
    "doctor": (Example("rnncast doctor", "versions, devices and optional parts"),),
}

MISTAKES = {  # lines that go wrong, for the messages shown in the documentation
    "train": ("rnncast train sale.csv", "rnncast train sales.csv --target price", "rnncast train sales.csv --loss l2"),
    "tune": ("rnncast tune sales.csv --search seed", "rnncast tune sales.csv --max-time soon"),
    "forecast": ("rnncast forecast -m none.safetensors", "rnncast forecast sales.csv -m pretrained --known price"),
    "compare": ("rnncast compare sales.csv --model lstn", "rnncast compare sales.csv --folds 50"),
    "score": ("rnncast score sales.csv --actual stores.csv",),
    "check": ("rnncast check stores.csv --freq D --id shop",),
    "inspect": ("rnncast inspect sales.csv",),
    "export": ("rnncast export sales.safetensors",),
}
