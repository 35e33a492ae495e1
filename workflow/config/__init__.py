"""The configuration: a module for each section, the whole in `run.py`."""
