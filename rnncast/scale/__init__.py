"""Forecasting of tables that do not fit in memory: partition by partition, here or on the workers of Dask.

Each file of a folder is a partition, and its series are whole. Nothing here parses a command line or prints.
"""
