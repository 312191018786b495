"""The pages in a real browser (Debian's chromium, headless): what is shown, and what clicks and a search do.

Screenshots go to pytest's tmp_path, or to the folder named by PULLBACK_SHOTS, to be looked at.
"""

import os
import pathlib

import pytest

import autograd as torch
import nn
from autograd.visualize import graph, recording

pytestmark = pytest.mark.browser


@pytest.fixture
def shots(tmp_path):
    folder = pathlib.Path(os.environ.get("PULLBACK_SHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def load(browser, page, folder, name):
    path = folder / f"{name}.html"
    path.write_text(page)
    browser.get(path.as_uri())
    assert not errors(browser)


def errors(browser):
    return [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def boxes(browser, kind="node"):
    return browser.execute_script(
        "return [...document.querySelectorAll('.' + arguments[0])].map(g => g.querySelector('text').textContent)", kind
    )


def press(browser, text):
    """Click the box whose name contains a text."""
    browser.execute_script(
        "const g = [...document.querySelectorAll('.node, .group')].find(g => g.querySelector('text').textContent.includes(arguments[0]));"
        "(g.classList.contains('group') ? g.querySelector('text') : g).dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        text,
    )


def overlaps(browser):
    """Pairs of boxes that lie on each other."""
    return browser.execute_script("""
      const found = [], all = [...document.querySelectorAll('.node')];
      const rects = all.map(g => g.querySelector('rect').getBoundingClientRect());
      for (let i = 0; i < all.length; i++) for (let j = 0; j < i; j++) {
        const a = rects[i], b = rects[j];
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
          found.push(all[i].textContent + ' / ' + all[j].textContent);
      }
      return found;""")


def crossed(browser):
    """Edges that go through a box in which they neither begin nor end."""
    return browser.execute_script("""
      const found = [], all = [...document.querySelectorAll('.node')];
      const rects = all.map(g => g.querySelector('rect').getBoundingClientRect());
      for (const path of document.querySelectorAll('.edge')) {
        const ends = path.dataset.edge.split(','), m = path.getScreenCTM(), long = path.getTotalLength();
        for (let k = 0; k <= 200; k++) {
          const p = path.getPointAtLength(long * k / 200).matrixTransform(m);
          all.forEach((g, i) => { const r = rects[i];
            if (!ends.includes(g.dataset.item) && p.x > r.left + 1 && p.x < r.right - 1 && p.y > r.top + 1 && p.y < r.bottom - 1)
              found.push(path.dataset.edge + ' / ' + g.textContent); });
        }
      }
      return [...new Set(found)];""")


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 6)
    with recording():
        loss = model(torch.randn(2, 5, 16)).square().sum()
    return graph(loss)


def test_modules_open_and_close(browser, encoder, shots):
    load(browser, encoder.to_html(), shots, "encoder")
    browser.find_element("id", "close").click()
    closed = boxes(browser)
    assert any("TransformerEncoder" in name for name in closed) and len(closed) < 8
    press(browser, "TransformerEncoder")
    opened = boxes(browser)
    assert any("×6" in name for name in opened)
    press(browser, "×6")
    assert sum("TransformerEncoderLayer" in name for name in boxes(browser)) == 6
    assert not overlaps(browser)
    browser.save_screenshot(str(shots / "encoder-modules.png"))
    press(browser, "▾ TransformerEncoder")
    assert boxes(browser) == closed
    browser.find_element("id", "open").click()
    assert len(boxes(browser)) > 60 and not overlaps(browser)
    browser.save_screenshot(str(shots / "encoder-open.png"))
    assert not errors(browser)


def test_a_module_of_one_operation_is_a_box_without_a_frame_at_first(browser, shots):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    load(browser, graph(model(torch.randn(5, 3)).sum()).to_html(), shots, "one")
    assert any("1: ReLU" in name for name in boxes(browser)) and "relu" not in boxes(browser)
    browser.find_element("id", "open").click()
    assert "relu" in boxes(browser)


def test_search_finds_a_parameter_inside_closed_modules_and_shows_its_path(browser, encoder, shots):
    load(browser, encoder.to_html(), shots, "encoder")
    browser.find_element("id", "close").click()
    search = browser.find_element("id", "search")
    search.send_keys("layers.3.linear2.weight")
    assert browser.find_element("id", "count").text == "1 found"
    search.send_keys("\n")
    assert "layers.3.linear2.weight" in boxes(browser)
    panel = browser.find_element("id", "panel").text
    assert "layers.3.linear2.weight" in panel and "[16, 32]" in panel and "gradient" in panel
    hot = boxes(browser, "node.hot")
    assert "layers.3.linear2.weight" in hot and "sum" in hot
    assert not any("layers.3.linear2.bias" in name for name in hot)
    browser.save_screenshot(str(shots / "encoder-path.png"))


def test_hover_says_shape_dtype_and_statistics(browser, encoder, shots):
    load(browser, encoder.to_html(), shots, "encoder")
    browser.execute_script(
        "const g = [...document.querySelectorAll('.node.result')][0], r = g.getBoundingClientRect();"
        "g.dispatchEvent(new MouseEvent('mousemove', {bubbles: true, clientX: r.left + 5, clientY: r.top + 5}))"
    )
    hint = browser.find_element("id", "hint").text
    assert "float32" in hint and "value" in hint and "grad 1.0" in hint.replace("  ", " ") and "test_browser.py" in hint


def test_text_can_be_read_in_light_and_in_dark(browser, encoder, shots):
    load(browser, encoder.to_html(), shots, "encoder")

    def worst_contrast():
        return browser.execute_script("""
          const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => { v /= 255;
            return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          return Math.min(...[...document.querySelectorAll('.node')].map(g => {
            const a = light(getComputedStyle(g.querySelector('rect')).fill);
            const b = light(getComputedStyle(g.querySelector('text.name')).fill);
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));""")

    for _ in range(2):
        assert worst_contrast() > 7  # WCAG's AAA
        dark = "dark" in browser.find_element("css selector", "html").get_attribute("class")
        browser.save_screenshot(str(shots / f"encoder-{'dark' if dark else 'light'}.png"))
        browser.find_element("id", "theme").click()


def test_a_hundred_thousand_operations_open_as_a_picture(browser, shots):
    x = torch.ones(3, requires_grad=True)
    y = x
    for _ in range(33_333):
        y = (y * 1.0001 + 0.1).tanh()
    load(browser, graph(y.sum(), {"x": x}).to_html(), shots, "loop")
    names = boxes(browser)
    assert len(names) < 30 and any("×33" in name for name in names) and "x" in names
    press(browser, "×33")
    assert any("more" in name for name in boxes(browser)) and not overlaps(browser)
    browser.save_screenshot(str(shots / "loop.png"))
    assert not errors(browser)


def test_edges_pass_beside_boxes_of_any_height(browser, shots):
    body = nn.Sequential(*[nn.Linear(n, n + 1) for n in range(4, 14)])
    p = torch.randn(4, requires_grad=True)
    loss = (body(p * 2) * p.sum().exp()).pow(2).sum()
    load(browser, graph(loss, {"p": p}).to_html(), shots, "beside")
    assert not crossed(browser) and not overlaps(browser)


def test_a_notebook_shows_the_page_in_a_frame(browser, encoder, shots):
    load(browser, f"<!doctype html><body>{encoder._repr_html_()}</body>", shots, "frame")
    browser.switch_to.frame(browser.find_element("tag name", "iframe"))
    assert any("sum" in name for name in boxes(browser))
    browser.switch_to.default_content()
