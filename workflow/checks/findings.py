"""What a check of `distilrank doctor` says."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, how it stands, and what to do."""

    check: str
    state: State
    detail: str
