"""Panels: from cells to a Panel, by way of column roles, times, the grid, covariates, the future, and rows of a stream.

Bytes and forms of tables stay in `formats`; nothing is written here, and no net is known.
"""
