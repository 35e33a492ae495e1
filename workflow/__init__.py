"""What has to run, and what is up to date? Start with `pipeline.py`; ARCHITECTURE.md says what each folder holds.

Knows every layer below; holds no mathematics.
"""
