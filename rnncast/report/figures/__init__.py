"""Figures for a file: PNG, SVG or PDF, drawn by matplotlib (extra `plot`), all in one style.

The only home of matplotlib, which is loaded when a figure is drawn. No pyplot, so no display and no state that outlives
a figure. What is shown comes from the rooms below, as the pictures on a terminal take it; nothing is scored here.
"""
