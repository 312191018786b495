"""docs/seeing.md: its program runs, and draws the pictures that it shows. PULLBACK_REDRAW=1 keeps them."""

import os
import pathlib
import re
import shutil

import pytest

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "seeing.md"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The folder of pictures, after the guide's program has run."""
    from autograd.visualize.picture import find_dot

    pytest.importorskip("matplotlib").use("Agg")
    if find_dot() is None:
        pytest.skip("needs Graphviz: pip install graphviz-pure")
    folder = tmp_path_factory.mktemp("guide")
    (folder / "pictures").mkdir()
    before = pathlib.Path.cwd()
    os.chdir(folder)
    try:
        program = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S))
        exec(compile(program, "seeing.md", "exec"), {})
    finally:
        os.chdir(before)
    return folder / "pictures"


def keep(path):
    if os.environ.get("PULLBACK_REDRAW"):
        shutil.copy(path, GUIDE.parent / "pictures" / path.name)


def shown():
    return {pathlib.Path(name).name for name in re.findall(r"\]\((pictures/[^)]+)\)", GUIDE.read_text())}


def test_every_picture_of_the_guide_is_there_and_is_drawn_by_it(drawn):
    drawings = {name for name in shown() if name.endswith(".svg")}
    assert drawings <= {path.name for path in drawn.iterdir()}
    for name in drawings:
        assert "<svg" in (drawn / name).read_text()
        keep(drawn / name)
    assert shown() <= {path.name for path in (GUIDE.parent / "pictures").iterdir()}


@pytest.mark.browser
def test_screenshots_of_the_guide(drawn, browser):
    browser.get((drawn / "encoder.html").as_uri())
    search = browser.find_element("id", "search")
    search.send_keys("layers.3.linear2.weight")
    search.send_keys("\n")
    assert "layers.3.linear2.weight" in browser.find_element("id", "panel").text
    browser.save_screenshot(str(drawn / "page.png"))
    browser.get((drawn / "backward.html").as_uri())
    for _ in range(3):
        browser.find_element("id", "next").click()
    panel = browser.find_element("id", "panel").text
    assert "4 of 6: mul" in panel and "g * other" in panel and "[0.108 -0.216]" in panel
    browser.save_screenshot(str(drawn / "backward.png"))
    keep(drawn / "page.png")
    keep(drawn / "backward.png")
