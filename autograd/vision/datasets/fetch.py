"""Getting a data set onto the disk: downloads with resume and checksum, archives, pickles that cannot run code."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

__all__ = ["checksum", "download", "extract", "unpickle", "written"]

CHUNK = 1 << 20
TIMEOUT = 30  # seconds without a byte


def checksum(path: str | Path, algorithm: str = "md5") -> str:
    """The hexadecimal digest of a file."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def written(path: str | Path, write: Callable[[IO[bytes]], Any]) -> Path:
    """Write a file so that others see all of it or nothing: into a file beside it, renamed when it is complete."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(part, "wb") as file:
            write(file)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def download(urls: str | Iterable[str], path: str | Path, md5: str | None = None) -> Path:
    """Fetch a file from the first mirror that gives it, unless it is there already; returns its path.

    A transfer that broke off is resumed. The file gets its name only when it is complete and its MD5 is right. Raises
    RuntimeError that tells what went wrong at each mirror.
    """
    path = Path(path)
    if path.exists() and (md5 is None or checksum(path) == md5):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    troubles = []
    for url in [urls] if isinstance(urls, str) else urls:
        try:
            _transfer(url, part)
        except (OSError, ValueError) as error:  # URLError and timeouts are OSErrors
            troubles.append(f"  {url}: {error}")
            continue
        if md5 is not None and checksum(part) != md5:
            troubles.append(f"  {url}: the MD5 is {checksum(part)}, expected {md5}")
            part.unlink()
            continue
        os.replace(part, path)
        return path
    raise RuntimeError(
        f"could not download {path.name}:\n"
        + "\n".join(troubles)
        + f"\nIf this machine is offline, put the file at {path}"
    )


def _transfer(url: str, part: Path) -> None:
    """Append what is missing of ``url`` to the file ``part``."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(
        url, headers={"User-Agent": "pullback", **({"Range": f"bytes={have}-"} if have else {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            promised = int(answer.headers.get("Content-Length") or -1)
            with open(part, "ab" if answer.status == 206 else "wb") as file:
                start = file.tell()
                while chunk := answer.read(CHUNK):
                    file.write(chunk)
                if promised not in (-1, file.tell() - start):
                    raise OSError(f"broken off after {file.tell() - start} of {promised} bytes")
    except urllib.error.HTTPError as error:
        if error.code != 416:  # asked for bytes after the end: it was complete
            raise


def _extract_members(tar: tarfile.TarFile, into: Path) -> None:
    """Unpack all members; raises TarError for what would land outside. Python before 3.11.4 has no filter for that."""
    if hasattr(tarfile, "data_filter"):
        tar.extractall(into, filter="data")
        return
    for member in tar.getmembers():
        if not (member.isfile() or member.isdir()) or not (into / member.name).resolve().is_relative_to(into.resolve()):
            raise tarfile.ExtractError(
                f"{tar.name!r} holds {member.name!r}, which is a link or would land outside {into}"
            )
    tar.extractall(into)


def extract(path: str | Path, into: str | Path) -> None:
    """Unpack a .tar, .tar.gz, .zip or .gz file; members that would land outside ``into`` are refused."""
    path, into = Path(path), Path(into)
    into.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if not (into / name).resolve().is_relative_to(into.resolve()):
                    raise RuntimeError(f"{path.name} holds {name!r}, which would land outside {into}")
            archive.extractall(into)
    elif path.name.endswith((".tar", ".tar.gz", ".tgz")):
        with tarfile.open(path) as tar:
            _extract_members(tar, into)
    elif path.suffix == ".gz":
        with gzip.open(path) as source:
            written(into / path.stem, lambda file: file.write(source.read()))
    else:
        raise RuntimeError(f"don't know how to unpack {path.name}: expected .tar, .tar.gz, .tgz, .zip or .gz")


class _Unpickler(pickle.Unpickler):
    """Reads numbers, strings, containers and NumPy arrays; anything else is refused, so no file can run code."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):  # how Python 3 spells bytes in an old protocol
            import codecs

            return codecs.encode
        raise pickle.UnpicklingError(f"this data file wants {module}.{name}, and only NumPy arrays are allowed in it")


def unpickle(file: Any) -> Any:
    """Read a pickle of arrays, also one that Python 2 wrote, without ever running what it names."""
    return _Unpickler(file, encoding="latin1").load()
