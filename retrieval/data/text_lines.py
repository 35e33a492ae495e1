"""Lines of a UTF-8 text file, numbered; a broken one is named."""

from collections.abc import Iterator
from pathlib import Path

from eval.errors import InputError

_BOM = b"\xef\xbb\xbf"


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line number (from 1) and line, line end included; a byte-order mark is skipped.

    Raises:
        InputError: when the file is missing, is a directory, or a line is not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                raw = line.removeprefix(_BOM) if number == 1 else line
                try:
                    yield number, raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"{path}, line {number}: not UTF-8 (byte 0x{raw[error.start]:02x} at position "
                        f"{error.start + 1}); convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8"
                    ) from None
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); expected a text file") from None
