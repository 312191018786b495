"""``torch.hub``: downloads of files, with a checksum and in one step; programs are not fetched and run."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.parse
import urllib.request
from typing import Any
from urllib.parse import urlparse as urlparse  # libraries of models import it from here

__all__ = ["download_url_to_file", "get_dir", "list", "load", "load_state_dict_from_url", "set_dir"]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_folder: str | None = None


def get_dir() -> str:
    """Where downloaded files are kept: TORCH_HOME/hub, or ~/.cache/torch/hub, or what ``set_dir`` said."""
    return _folder or os.path.join(_get_torch_home(), "hub")


def _get_torch_home() -> str:
    """TORCH_HOME, or torch in XDG_CACHE_HOME, or ~/.cache/torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def set_dir(d: Any) -> None:
    """Keep downloaded files in this folder."""
    global _folder
    _folder = os.path.expanduser(os.fspath(d))


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Download a file; it appears under its name when it is whole and its SHA-256 begins with ``hash_prefix``.

    Raises RuntimeError if it does not; URLError without a network.
    """
    from .serialization import replacing

    if urllib.parse.urlparse(url).scheme not in ("http", "https", "file"):
        raise ValueError(f"expected an http(s) or file URL, got {url!r}")
    digest = hashlib.sha256()
    with urllib.request.urlopen(url) as source, replacing(os.fspath(dst)) as file:
        while chunk := source.read(1 << 20):
            file.write(chunk)
            digest.update(chunk)
        if hash_prefix and not digest.hexdigest().startswith(hash_prefix):
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}"): {url}')


_download_url_to_file = download_url_to_file


def load_state_dict_from_url(
    url: str, model_dir: str | None = None, map_location: Any = None, progress: bool = True, check_hash: bool = False,
    file_name: str | None = None, weights_only: bool = True,
) -> Any:  # fmt: skip
    """Load a file of weights, downloaded once into the cache."""
    from .serialization import load as load_file

    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urllib.parse.urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        found = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, path, found.group(1) if found else None, progress)
    return load_file(path, map_location, weights_only=weights_only)


def load(repo_or_dir: str, model: str, *args: Any, **kwargs: Any) -> Any:
    """Raises NotImplementedError: a repository's code is written for PyTorch and is not fetched."""
    raise NotImplementedError(
        f"hub.load would run code from {repo_or_dir!r}: define {model!r} here and load its weights by "
        f"load_state_dict_from_url"
    )


def list(github: str, *args: Any, **kwargs: Any) -> Any:
    """Raises NotImplementedError, as ``load`` does."""
    raise NotImplementedError("hub.list is not supported: no repository's code is fetched")
