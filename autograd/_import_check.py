"""Notices when files of the other project called ``autograd`` (HIPS, on PyPI) lie in this package's folder."""

import os

if os.path.exists(os.path.join(os.path.dirname(__file__), "tracer.py")):
    raise ImportError(
        "two projects are installed over each other in the folder 'autograd': pullback and HIPS autograd, which share "
        "the import name. Keep one: pip uninstall autograd pullback, then pip install pullback"
    )
