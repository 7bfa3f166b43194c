"""Figures for a file: PNG, SVG or PDF, drawn by matplotlib (extra `plot`), all in one style.

The only home of matplotlib, which is loaded when a figure is drawn. No pyplot, so no display and no lasting state.
Contents come from the rooms below, as for pictures on a terminal; nothing is scored here.
"""
