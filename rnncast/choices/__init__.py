"""Choices: every setting that a user leaves open is decided here from the data, each with the evidence for it.

A Config and a Panel enter; a ModelSpec and the reasons come out. Statistics of the panel may enter: its seasons, how
its movements grow, which base forecast is most accurate. No net is trained here; neither torch nor files may enter.
"""
