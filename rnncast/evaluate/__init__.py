"""Evaluation: baselines, backtests and verdicts. It knows forecasters only by their forecasts.

No nets, no frame, and nothing about how a result is displayed.
"""
