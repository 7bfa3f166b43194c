"""Is it worth it: baselines, backtests and verdicts. Knows forecasters only by what they forecast.

No nets, no frame, and nothing of how a result looks.
"""
