"""SummaryWriter: numbers, texts, images and graphs in TensorBoard's event files, written without TensorBoard.

An event file is a sequence of records - length, checksum, bytes, checksum - each of which is a small protocol buffer.
What has no plain form here (embeddings, audio, video, meshes) is accepted and left out, with one warning for each
kind. Images and figures need Pillow.

Sources: https://docs.pytorch.org/docs/stable/tensorboard.html; the record format is TensorFlow's TFRecord.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
import time
import warnings
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap

__all__ = ["SummaryWriter"]

# --- bytes -----------------------------------------------------------------------------------------------------------

__path__: list[str] = []  # PyTorch divides this module further: see addresses.py


def _crc_table() -> list[int]:
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_CRC = _crc_table()


def _masked_crc(data: bytes) -> int:
    """CRC-32C, rotated and offset as TFRecord wants it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(n: int) -> bytes:
    n &= 2**64 - 1
    made = bytearray()
    while n > 127:
        made.append(n & 127 | 128)
        n >>= 7
    made.append(n)
    return bytes(made)


def _field(number: int, value: Any) -> bytes:
    """One field of a protocol buffer: text by its length, float as 32 bits, ``np.float64`` as 64, int as varint."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return _varint(number << 3 | 2) + _varint(len(value)) + value
    if isinstance(value, np.float64):
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    return _varint(number << 3) + _varint(value)


def _text_value(tag: str, text: str) -> bytes:
    """A summary value of the text plugin."""
    plugin = _field(1, _field(1, "text"))
    tensor = _field(1, 7) + _field(2, _field(2, _field(1, 1))) + _field(8, text)
    return _field(1, f"{tag}/text_summary") + _field(9, plugin) + _field(8, tensor)


# --- the writer ------------------------------------------------------------------------------------------------------


class SummaryWriter:
    """Writes what a run reports into a folder that TensorBoard reads.

    Args:
        log_dir: the folder; by default ``runs/<time>_<host><comment>``.

    >>> import tempfile, os
    >>> folder = tempfile.mkdtemp()
    >>> with SummaryWriter(folder) as writer:
    ...     writer.add_scalar("loss", 0.5, 1)
    >>> len(os.listdir(folder))
    1
    """

    def __init__(
        self, log_dir: Any = None, comment: str = "", purge_step: int | None = None, max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:  # fmt: skip
        host = socket.gethostname()
        folder = log_dir or os.path.join("runs", time.strftime("%b%d_%H-%M-%S") + f"_{host}{comment}")
        self.log_dir = os.fspath(folder)
        os.makedirs(self.log_dir, exist_ok=True)
        name = (
            f"events.out.tfevents.{int(time.time())}.{host}.{os.getpid()}.{time.monotonic_ns() % 1000}{filename_suffix}"
        )
        self._file: Any = open(os.path.join(self.log_dir, name), "wb")  # noqa: SIM115 - open as long as the writer
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._children: dict[str, SummaryWriter] = {}
        self._record(_field(3, "brain.Event:2"), 0, None)

    def _record(self, content: bytes, step: int | None, walltime: float | None) -> None:
        event = (
            _field(1, np.float64(time.time() if walltime is None else walltime)) + _field(2, int(step or 0)) + content
        )
        head = struct.pack("<Q", len(event))
        with self._lock:
            if self._file.closed:
                raise RuntimeError(f"the SummaryWriter of {self.log_dir} was closed")
            self._file.write(
                head + struct.pack("<I", _masked_crc(head)) + event + struct.pack("<I", _masked_crc(event))
            )

    def _value(self, value: bytes, step: int | None, walltime: float | None) -> None:
        self._record(_field(5, _field(1, value)), step, walltime)

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: int | None = None, walltime: float | None = None,
        new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        """One number of a curve."""
        number = scalar_value.item() if isinstance(scalar_value, (Tensor, np.ndarray, np.generic)) else scalar_value
        self._value(_field(1, tag) + _field(2, float(number)), global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: dict[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Several curves in one picture: each in a folder of its own, as PyTorch does."""
        for tag, value in tag_scalar_dict.items():
            key = f"{main_tag.replace('/', '_')}_{tag}"
            if key not in self._children:
                self._children[key] = SummaryWriter(os.path.join(self.log_dir, key))
            self._children[key].add_scalar(main_tag, value, global_step, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A text."""
        self._value(_text_value(tag, text_string), global_step, walltime)

    def add_histogram(
        self, tag: str, values: Any, global_step: int | None = None, bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:  # fmt: skip
        """The distribution of an array's values, in 30 equal bins (or as ``bins`` says, NumPy's way)."""
        array = np.asarray(values.array if isinstance(values, Tensor) else values, np.float64).ravel()
        if array.size == 0:
            raise ValueError("The input has no element.")
        counts, edges = np.histogram(array, bins=30 if bins == "tensorflow" else bins)

        def packed(number: int, numbers: Any) -> bytes:
            return _field(number, np.asarray(numbers, "<f8").tobytes())

        sums = [array.min(), array.max(), float(array.size), array.sum(), np.square(array).sum()]
        histogram = (
            b"".join(_field(i + 1, np.float64(v)) for i, v in enumerate(sums))
            + packed(6, edges[1:])
            + packed(7, counts)
        )
        self._value(_field(1, tag) + _field(5, histogram), global_step, walltime)

    def add_hparams(
        self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any], hparam_domain_discrete: Any = None,
        run_name: str | None = None, global_step: int | None = None,
    ) -> None:  # fmt: skip
        """Hyperparameters as a text, and the metrics as scalars."""
        self.add_text("hparams", "\n".join(f"{k}: {v}" for k, v in hparam_dict.items()), global_step)
        for tag, value in metric_dict.items():
            self.add_scalar(tag, value, global_step)

    def _left_out(self, kind: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(
                f"SummaryWriter.add_{kind}: {kind} is not written; scalars, texts, histograms, images and graphs are",
                UserWarning,
                stacklevel=3,
            )

    def add_figure(
        self, tag: str, figure: Any, global_step: int | None = None, close: bool = True, walltime: float | None = None
    ) -> None:
        """A matplotlib figure (or a list of them) as an image."""
        from matplotlib import pyplot
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        for i, one in enumerate(figure if isinstance(figure, list) else [figure]):
            canvas: Any = FigureCanvasAgg(one)
            canvas.draw()
            name = f"{tag}/{i}" if isinstance(figure, list) else tag
            self.add_image(name, np.asarray(canvas.buffer_rgba()), global_step, walltime, "HWC")
            if close:
                pyplot.close(one)

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """The operations that one call of the model on this input records, back to its parameters."""
        if input_to_model is None:
            raise ValueError("add_graph needs input_to_model: the graph is what one call of the model records")
        result = model(*input_to_model) if isinstance(input_to_model, (tuple, list)) else model(input_to_model)
        while isinstance(result, (tuple, list)):
            result = result[0]
        if result.grad_fn is None:
            raise ValueError("the model's result requires no gradient, so that nothing was recorded")
        names = {id(p.node): name.replace(".", "/") for name, p in model.named_parameters()}
        nodes: dict[int, tuple[str, Any]] = {}
        stack = [result.grad_fn]
        while stack:
            node = stack.pop()
            if id(node) not in nodes:
                nodes[id(node)] = (names.get(id(node)) or f"{node.name()}_{node.id}", node)
                stack.extend(p for p in node.parents if p is not None)
        graph = b""
        for name, node in sorted(nodes.values(), key=lambda pair: pair[1].id):
            inputs = b"".join(_field(3, nodes[id(p)][0]) for p in node.parents if p is not None)
            graph += _field(1, _field(1, name) + _field(2, "Parameter" if node.op is None else node.op.name) + inputs)
        self._record(_field(4, graph), 0, None)

    def add_image(
        self, tag: str, img_tensor: Any, global_step: int | None = None, walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:  # fmt: skip
        """An image; floats are taken to be from 0 to 1. ``dataformats`` names the dimensions: CHW, HWC or HW."""
        image = np.asarray(img_tensor.detach().array if isinstance(img_tensor, Tensor) else img_tensor)
        if sorted(dataformats) not in (list("CHW"), list("HW")) or image.ndim != len(dataformats):
            raise ValueError(f"an image of shape {image.shape} can't have the dimensions {dataformats!r}")
        image = image.transpose([dataformats.index(c) for c in ("HWC" if "C" in dataformats else "HW")])
        channels = 1 if image.ndim == 2 else image.shape[2]
        if image.dtype.kind == "f":
            image = np.clip(image * 255, 0, 255)
        from ..vision.transforms.functional import pillow

        file = io.BytesIO()
        pixels = np.ascontiguousarray(image.astype(np.uint8))
        pillow().Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels).save(file, format="png")
        numbers = _field(1, image.shape[0]) + _field(2, image.shape[1]) + _field(3, channels)
        self._value(_field(1, tag) + _field(4, numbers + _field(4, file.getvalue())), global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: int | None = None, walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:  # fmt: skip
        """Several images as one grid."""
        from ..vision.utils import make_grid

        images = np.asarray(img_tensor.detach().array if isinstance(img_tensor, Tensor) else img_tensor)
        grid = make_grid(wrap(images.transpose([dataformats.index(c) for c in "NCHW"])), padding=0)
        self.add_image(tag, grid, global_step, walltime)

    def add_embedding(self, *args: Any, **kwargs: Any) -> None:
        """Left out, with a warning."""
        self._left_out("embedding")

    def add_audio(self, *args: Any, **kwargs: Any) -> None:
        """Left out, with a warning."""
        self._left_out("audio")

    def add_video(self, *args: Any, **kwargs: Any) -> None:
        """Left out, with a warning."""
        self._left_out("video")

    def add_mesh(self, *args: Any, **kwargs: Any) -> None:
        """Left out, with a warning."""
        self._left_out("mesh")

    def add_pr_curve(self, *args: Any, **kwargs: Any) -> None:
        """Left out, with a warning."""
        self._left_out("pr_curve")

    def flush(self) -> None:
        """Put what was reported on disk."""
        for writer in (self, *self._children.values()):
            writer._file.flush()

    def close(self) -> None:
        """Finish the file; closing twice does no harm."""
        for child in self._children.values():
            child.close()
        self._file.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
