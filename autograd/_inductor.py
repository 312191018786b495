"""``torch._inductor``: programs change its settings, which are kept and change nothing."""

from __future__ import annotations

from ._dynamo import Settings

config = Settings(f"{__name__}.config")
