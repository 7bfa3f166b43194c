"""From cells to a Panel: the roles of columns, the time column, the grid, covariates, the future, and rows of a stream.
Bytes and forms of tables stay in `formats`; nothing is written here, and no net is known.
"""
