"""Is it worth it: baselines, backtests and verdicts. Knows forecasters only by what they forecast."""
