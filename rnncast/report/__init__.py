"""Reports: tables, pictures and progress for people. This room decides appearance, never content, and computes
nothing."""
