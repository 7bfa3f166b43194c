"""Times without a table: grids, zones, how a time is written, and what is inferred from times. NumPy and the standard
library only. No cells, no series, no files.
"""
