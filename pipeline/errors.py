"""What can go wrong, each with what was expected, what was found and what to do."""


class StanceError(Exception):
    """A failure that the user can mend; printed as one message, without a traceback.

    Attributes:
        where: the file, line or parameter at fault.
        expected: what would have been right.
        found: what stands there instead.
        remedy: what to do about it.
        exit_code: the exit status of the command line for this kind of failure.
    """

    exit_code = 1

    def __init__(self, where: str, *, expected: str, found: str, remedy: str) -> None:
        self.where, self.expected, self.found, self.remedy = where, expected, found, remedy
        super().__init__(f"{where}: expected {expected}; found {found}. {remedy}")


class InputError(StanceError):
    """A transcript or another file that cannot be read."""

    exit_code = 3


class ConfigError(StanceError):
    """Parameters, the codebook or the list of base models are not as they should be."""

    exit_code = 4


class AnnotationError(StanceError):
    """A decision of an annotator that does not fit the codebook or the statements."""

    exit_code = 5


class SplitError(StanceError):
    """Splits that overlap, or that cannot be made from the labels there are."""

    exit_code = 6


class ModelError(StanceError):
    """Weights that are missing, altered, or not for this codebook."""

    exit_code = 7


class OutputError(StanceError):
    """A place where the result cannot be written."""

    exit_code = 8
