"""Text and tables in and out, and the model file. The only home of pandas."""
