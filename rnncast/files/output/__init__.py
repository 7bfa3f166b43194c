"""Output: rows, forecasts as rows, files written whole or not at all, and the model file.

No pandas, and no table is read here. Of nets it knows only names and arrays, and what older formats of the model file
meant.
"""
