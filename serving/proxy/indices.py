"""Which of the cluster's indices may be searched here."""

import re
from collections.abc import Sequence

from serving.problems import ProblemError
from serving.proxy.plan import matches

_NAME = re.compile(r"[^\\/?\"<>|\s,#_+\-.][^\\/?\"<>|\s,#]*|_all")


def check_indices(expression: str, allowed: Sequence[str]) -> None:
    """Refuse an index expression (names and patterns, parted by commas) unless all of it is allowed.

    A pattern is allowed where what it is written like is: everything that "shoes-*" can mean, "shoes-*" allows.

    Raises:
        ProblemError: "not_found", naming the part.
    """
    for part in expression.split(","):
        name = part.removeprefix("-")  # what is left out of a pattern
        wanted = "*" if name == "_all" else name
        if not _NAME.fullmatch(name) or not any(matches(pattern, wanted) for pattern in allowed):
            raise ProblemError(
                "not_found",
                f"the index {part[:100]!r} is not searched through this proxy; serve.proxy.indices allows "
                f"{', '.join(allowed)}",
                "index",
            )
