"""The errors a user sees: one clear line with the value seen, what was expected and the fix; no traceback.

Each class carries the exit code that the command line ends with (documented in docs/exit-codes.md).
"""


class DistilrankError(Exception):
    """Base of every error that is the user's to mend; `str(error)` is the whole message."""

    exit_code = 1


class InputError(DistilrankError):
    """The data, the configuration or the command line is wrong."""

    exit_code = 2


class MachineError(DistilrankError):
    """The machine cannot do it: a package is missing, the disk is full, a model directory is none."""

    exit_code = 3


class GateRefusedError(DistilrankError):
    """A teacher or student is clearly worse than the first stage, so it goes no further."""

    exit_code = 4


class PartialError(DistilrankError):
    """Work ended with some of it failed or out of budget; what is done is kept."""

    exit_code = 5
