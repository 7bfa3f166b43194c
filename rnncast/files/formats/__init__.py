"""From bytes to cells: where bytes come from, the forms of tables, and numbers as people write them. A cell has no
meaning here yet: no roles of columns, no times on a grid, no Panel.
"""
