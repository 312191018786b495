"""pytest plugin, loaded by its entry point: gradient checks as fixtures and a marker; the output has the diagnosis.

    def test_my_op(gradcheck, rng):
        x = autograd.tensor(rng.normal(size=(3, 4)), requires_grad=True)
        gradcheck(my_op, x)                       # or: gradcheck(my_op, x, order=2)

    @pytest.mark.gradcheck(order=2)               # the test returns (function, inputs); both orders are checked
    def test_my_other_op(rng):
        return my_op, (autograd.tensor(rng.normal(size=5), requires_grad=True),)

    pytest --gradcheck-report=report.html         # the failures as a page

Nothing of the library is imported until a test asks for it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_reports: list[tuple[str, str]] = []


def pytest_addoption(parser: Any) -> None:
    """``--gradcheck-report=FILE``."""
    parser.getgroup("pullback").addoption(
        "--gradcheck-report", metavar="FILE", default=None, help="write failed gradient checks to this HTML file"
    )


def pytest_configure(config: Any) -> None:
    """Announce the marker."""
    config.addinivalue_line(
        "markers",
        "gradcheck(order=1, **options): the test returns (function, inputs), whose gradients are checked to this order",
    )
    _reports.clear()


def check(function: Callable[..., Any], inputs: Any, order: int = 1, **options: Any) -> bool:
    """``gradcheck``, and for ``order=2`` ``gradgradcheck`` too."""
    from . import gradcheck, gradgradcheck

    if order not in (1, 2):
        raise ValueError(f"order is 1 or 2, not {order!r}: compose the function with autograd.grad for higher ones")
    gradcheck(function, inputs, **options)
    return order == 1 or gradgradcheck(function, inputs, **options)


@pytest.fixture
def gradcheck() -> Callable[..., bool]:
    """``gradcheck(function, inputs, order=1, **options)``: raises GradcheckError with a diagnosis."""
    return check


@pytest.fixture
def rng(request: Any) -> Any:
    """A NumPy random generator seeded by the name of the test: each test has its own numbers, always the same."""
    import zlib

    import numpy as np

    return np.random.default_rng(zlib.crc32(request.node.nodeid.encode()))


@pytest.fixture
def assert_close() -> Callable[..., None]:
    """``autograd.testing.assert_close``."""
    from . import assert_close as function

    return function  # type: ignore[no-any-return]


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> Iterator[None]:
    """Check what a marked test returns."""
    marker = pyfuncitem.get_closest_marker("gradcheck")
    if marker is None:
        yield
        return
    test, kept = pyfuncitem.obj, []

    def keeping(*args: Any, **kwargs: Any) -> None:
        kept.append(test(*args, **kwargs))

    import functools

    pyfuncitem.obj = functools.wraps(test)(keeping)
    outcome = yield
    pyfuncitem.obj = test
    if outcome.excinfo is not None:  # type: ignore[attr-defined]
        return
    returned = kept[0]
    if not (isinstance(returned, tuple) and len(returned) == 2 and callable(returned[0])):
        outcome.force_exception(  # type: ignore[attr-defined]
            TypeError(
                f"a test marked gradcheck returns (function, inputs), and {pyfuncitem.name} returned "
                f"{type(returned).__name__}"
            )
        )
        return
    try:
        check(*returned, *marker.args, **marker.kwargs)
    except Exception as error:
        outcome.force_exception(error)  # type: ignore[attr-defined]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    """Put the diagnosis into pytest's own output, in place of a traceback through the checker."""
    outcome = yield
    error = call.excinfo.value if call.excinfo is not None else None
    report = getattr(error, "report", None)
    if report is None or not hasattr(report, "html"):
        return
    result = outcome.get_result()  # type: ignore[attr-defined]
    result.sections.append(("gradient check", report.text))
    _reports.append((item.nodeid, report.html))


def pytest_sessionfinish(session: Any) -> None:
    """Write the page."""
    path = session.config.getoption("--gradcheck-report")
    if path is None:
        return
    body = (
        "".join(f"<h2>{html.escape(name)}</h2>{page}" for name, page in _reports)
        or "<p>All gradient checks passed.</p>"
    )
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            "<!doctype html><meta charset='utf-8'><title>Gradient checks</title><style>:root{color-scheme:light dark}"
            f"body{{font-family:sans-serif;max-width:60rem;margin:2rem auto}}</style><h1>Gradient checks</h1>{body}"
        )
