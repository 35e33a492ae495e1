"""Where the commands write for people."""

from typing import NoReturn

from rich.console import Console


class OutputConsole(Console):
    """Standard output; where its reader is gone (`| head`), the error reaches `main` as print's would."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError
