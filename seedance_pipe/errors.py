"""Every error that a person may see, in one small tree; each names its exit code.

    PipeError                 1   something that was asked for failed
    ├── StoryInvalid          3   the story, a schema or a model is invalid: nothing was started
    ├── InDoubt               4   a paid submission may or may not have been accepted
    ├── GuardRefused          5   the cap, or a confirmation that nobody could give
    ├── Missing               6   a key, a file of ours or ffmpeg is not there
    ├── StoryHeld             7   another run holds this story
    ├── VendorFailed          1   a vendor refused, failed, or could not be reached
    └── MediaFailed           1   a clip, a frame or the film is not what it must be

Wrong usage (2) is click's own; 70 is kept for our bugs, 130 and 143 for signals.
"""

from __future__ import annotations

from typing import ClassVar


class PipeError(Exception):
    """What happened, and what a person can do about it.

    `message` is one sentence without a trailing full stop; `next_step`, if any, is an instruction.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


def why(problem: OSError) -> str:
    """What the system says of an operation that failed, as part of a sentence."""
    return (problem.strerror or "unknown reason").lower()


class StoryInvalid(PipeError):
    """`place` is `file:line:column` where one line is to blame."""

    exit_code = 3

    def __init__(self, message: str, *, next_step: str = "", place: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.place = place


class InDoubt(PipeError):
    exit_code = 4


class GuardRefused(PipeError):
    exit_code = 5


class Missing(PipeError):
    exit_code = 6


class StoryHeld(PipeError):
    exit_code = 7


class VendorFailed(PipeError):
    """`code` is the vendor's own word where it gave one."""

    def __init__(self, message: str, *, next_step: str = "", code: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.code = code


class MediaFailed(PipeError):
    pass
