"""Everything between bytes and series: `formats` reads bytes into cells, `panels` cells into a Panel, `output` writes.

The only home of pandas, and it is loaded only to read a table: `output` and streams do without.
"""
