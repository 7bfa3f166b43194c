"""How a net learns: batches, loss, and the loop that yields its steps, in torch.

No printing, and of files only those that keep a checkpoint.
"""
