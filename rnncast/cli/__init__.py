"""Command line: each command is its signature, a config, one call of the core, and the display of the result.

The only home of Typer. Nothing is computed here.
"""
