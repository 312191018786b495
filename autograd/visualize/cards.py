"""How Modules and optimizers show themselves in a notebook. (Tensors: ``printing.py``; graphs: ``page.py``.)"""

from __future__ import annotations

import html
from typing import Any

__all__ = ["module_card", "optimizer_card"]

_BOX = "border-left:3px solid #8888;padding:2px 0 2px 10px;margin:2px 0;font-size:13px"
_SOFT = "opacity:.7"


def module_card(module: Any) -> str:
    """A module as a tree that opens: kind, arguments, number of parameters."""
    total = {id(p): p for p in module.parameters()}
    trained = sum(p.numel() for p in total.values() if p.requires_grad)
    count = sum(p.numel() for p in total.values())
    mode = "training" if module.training else "evaluation"
    frozen = f", {count - trained:,} frozen" if count != trained else ""
    head = f'<div style="{_SOFT}">{count:,} parameters{frozen}; {mode} mode</div>'
    return f'<div class="pullback-module" style="{_BOX}">{_tree(module, "", True)}{head}</div>'


def _tree(module: Any, name: str, opened: bool = False) -> str:
    label = f"<b>{html.escape(name)}</b> " if name else ""
    told = module.extra_repr()
    told = "" if "\n" in told else told  # a list of the parameters that follow
    said = f'{label}{type(module).__name__}<span style="{_SOFT}">({html.escape(told)})</span>'
    own = [f"{n} {list(p.shape)}" for n, p in module.named_parameters(recurse=False)]
    if own:
        said += f' <span style="{_SOFT}">{html.escape(", ".join(own))}</span>'
    inner = list(module.named_children())
    if not inner:
        return f'<div style="margin-left:16px">{said}</div>'
    inside = "".join(_tree(child, child_name, len(inner) <= 4) for child_name, child in inner)
    return f'<details {"open" if opened else ""} style="margin-left:4px"><summary>{said}</summary>' + (
        f'<div style="margin-left:14px">{inside}</div></details>'
    )


def optimizer_card(optimizer: Any) -> str:
    """An optimizer as a table: one row a setting, one column a parameter group."""
    groups = optimizer.param_groups
    keys = [key for key in groups[0] if key != "params"]
    cell = "padding:1px 14px 1px 0;text-align:left"
    rows = ""
    for key in keys:
        values = "".join(f'<td style="{cell}">{html.escape(str(group.get(key)))}</td>' for group in groups)
        rows += f'<tr><th style="{cell};font-weight:400;{_SOFT}">{html.escape(key)}</th>{values}</tr>'
    counts = ", ".join(f"{sum(p.numel() for p in g['params']):,} in {len(g['params'])} tensors" for g in groups)
    return (
        f'<div class="pullback-optimizer" style="{_BOX}"><b>{type(optimizer).__name__}</b> '
        f'<span style="{_SOFT}">{counts}</span><table style="font-size:inherit">{rows}</table></div>'
    )
