"""How a net learns: batches, loss, and the loop that yields its steps. No files, no printing."""
