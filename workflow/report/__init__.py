"""The report of a run, or of several side by side: one HTML page that a relevance team decides by.

It computes from what the measurement stored (workflow/measure/files.py); the statistics are in `eval/`.
"""
