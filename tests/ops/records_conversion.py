"""Records of conversions."""

from __future__ import annotations

from autograd import contiguous_format, conversion
from autograd.layouts import channels_last

from .records import Record, args, normal

RECORDS = [
    Record(
        conversion.lay_out,
        [args(normal(3, 4), contiguous_format), args(normal(2, 3, 2, 2), channels_last)],
        lambda input, memory_format: input,
    )
]
