"""Times apart from tables: grids, zones, formats, and what is inferred from times.

NumPy and the standard library only. No cells, no series, no files.
"""
