"""Runs a PyTorch script with this library: ``python -m autograd script.py [args]``.

``python -m autograd --check script.py`` lists PyTorch's names in it that are not here, without running it.
"""

from __future__ import annotations

import argparse
import os
import sys
from types import ModuleType

from .install import explain, install_as_torch, missing_names


def check(path: str) -> int:
    """Print each missing name with its line and the nearest one; the number of them."""
    with open(path, encoding="utf-8") as file:
        found = sorted(set(missing_names(file.read())))
    for line, name, near in found:
        print(f"{path}:{line}: {name} is not in this library" + (f"; the nearest name is {near}" if near else ""))
    if not found:
        print(f"{path}: every name of PyTorch's is here")
    return len(found)


def run(path: str, args: list[str]) -> None:
    """Run the script as ``python script.py args`` would, with ``import torch`` served from here."""
    install_as_torch()
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [path, *args]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    try:
        exec(code, main.__dict__)
    except (AttributeError, ImportError) as error:
        said = explain(error)
        if said is not None:
            error.add_note(said)
        raise


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="list the names that are missing, and don't run")
    parser.add_argument("script", help="a Python file that imports torch")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="its arguments")
    given = parser.parse_args()
    if not os.path.isfile(given.script):
        parser.error(f"there is no file {given.script!r}")
    if given.check:
        return 1 if check(given.script) else 0
    try:
        run(given.script, given.args)
    except Exception as error:  # told as ``python script.py`` tells it, from the script's own line on
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != given.script:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
