"""One run on disk: its directory, its data and chains, and which stages are up to date. Start with `directory.py`."""
