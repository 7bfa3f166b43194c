"""Training: batches, losses, and the loop that yields its steps, in torch.

No printing, and no files except those of a checkpoint.
"""
