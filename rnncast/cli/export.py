"""`rnncast export`: a model's net for other programs."""

from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.given import stands
from rnncast.cli.output import check_outputs
from rnncast.errors import UsageError
from rnncast.files.output.writing import written


def export(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file; - is standard input.")] = o.MODEL_FILE,
    named: o.NamedModel = None,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="As an ONNX graph of one step, with the state in and out.")
    ] = False,
    output: o.Output = "rnncast.onnx",
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Write a model's net in a form that other programs run."""
    if not onnx:
        raise UsageError("export to what?", hint="rnncast export --onnx")
    environment: Environment = context.obj
    if named is not None and stands(context, "model"):
        raise UsageError("the model file is named twice", hint="rnncast export --onnx -m FILE")
    model = named or model
    check_outputs([output], [model])

    from rnncast.forecaster.forecaster import Forecaster

    graph = Forecaster.load(model).onnx_step()
    with written(output) as file:
        file.write(graph)
    if output != o.STREAM:
        environment.say(f"wrote {output}")
