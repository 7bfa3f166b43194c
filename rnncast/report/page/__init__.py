"""HTML reports: one self-contained file. This room arranges what commands have computed, and computes nothing."""
