"""What notebooks and programs call: train, forecast, compare and score, with the flags of the commands for keywords.

Everything is computed, read and drawn by the rooms below; here it is asked for, and what comes is made into values that
a person can look at.
"""
