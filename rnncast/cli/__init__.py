"""The command line: a command is its signature, a config, one call of the core, and what is shown of it.

The only home of Typer. Nothing is computed here.
"""
