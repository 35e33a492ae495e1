"""The measurement of a run: every system on queries it never learnt from. Start with `bench.py`."""
