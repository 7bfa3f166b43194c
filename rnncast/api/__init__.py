"""Python API for notebooks and programs: train, forecast, compare and score, with the commands' flags as keywords.

Other rooms compute, read and draw; this one turns requests into calls, and results into values that display well.
"""
