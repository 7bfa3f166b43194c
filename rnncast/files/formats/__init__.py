"""Formats: from bytes to cells, by way of sources, the forms of tables, and numbers as people write them.

A cell has no meaning here yet: no roles of columns, no times on a grid, no Panel.
"""
