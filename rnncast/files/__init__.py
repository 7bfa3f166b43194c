"""Files: `formats` reads bytes into cells, `panels` turns cells into a Panel, and `output` writes.

The only home of pandas, which is loaded only to read a table: `output` and streams do without it.
"""
