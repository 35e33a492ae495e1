"""How long work says where it stands."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, total), now and then; what it raises ends the work, and what is done is kept."""
