"""The report: one HTML file that needs nothing else. Arranges what commands have computed, and computes nothing."""
