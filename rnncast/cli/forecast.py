"""`rnncast forecast`: continue the trained series, or the series of a table."""

from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.output import Format, chosen_format, write
from rnncast.cli.reading import read_data
from rnncast.config import TableConfig


@o.with_settings(TableConfig)
def forecast(
    context: typer.Context,
    data: o.Data = None,
    model: o.ModelFile = o.MODEL_FILE,
    horizon: Annotated[
        int | None, typer.Option("--horizon", "-H", min=1, help="Steps; as trained, unless given.")
    ] = None,
    future: o.Future = None,
    format: o.OutputFormat = Format.auto,
    output: o.Output = "-",
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Forecast with a model file: a table on a terminal, CSV in a pipe.

    Without data, every trained series is continued. With data, they are the
    whole history, and the forecast depends on them alone.
    """
    environment: Environment = context.obj
    kind = chosen_format(format, output, environment)
    path = data or (environment.piped() if model != o.STREAM else None)

    from rnncast.files.forecasts import header_of, rows_of
    from rnncast.forecaster import Forecaster
    from rnncast.report.tables import forecast_table

    forecaster = Forecaster.load(model)
    panel, ahead = None, None
    table = o.table_from(context, forecaster.source.table)
    if path is not None:
        panel = read_data(path, table, environment, environment.detail)
    if future is not None:
        from rnncast.files.future import read_future

        ahead = read_future(future, table, (panel or forecaster).columns, forecaster.frequency)
    prediction = forecaster.predict(panel, horizon, future=ahead)
    rows = header_of(prediction), rows_of(prediction)
    write(kind, output, environment, rows, lambda: forecast_table(prediction))
