"""SummaryWriter: scalars, histograms, images, text and graphs for TensorBoard, written by the package ``tensorboard``.

Source: https://docs.pytorch.org/docs/stable/tensorboard.html
"""

from __future__ import annotations

import io
import os
import socket
import time
from typing import Any

import numpy as np

__all__ = ["SummaryWriter"]

Array = np.ndarray[Any, Any]


def _package() -> Any:
    """The protocol buffers and the event file writer. Raises ImportError with the cure."""
    try:
        from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError as error:
        raise ImportError(
            "SummaryWriter writes with the package tensorboard, which is not installed: pip install tensorboard"
        ) from error
    return event_pb2, graph_pb2, summary_pb2, EventFileWriter


def _array(value: Any) -> Array:
    return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)


class SummaryWriter:
    """Writes event files that TensorBoard shows.

    Args:
        log_dir: the folder; by default ``runs/<time>_<host>`` and ``comment``.
        comment: added to the default folder's name.
        purge_step: steps from here on, of a run that broke off, are not shown.
        max_queue, flush_secs: how many events, and seconds, to wait before writing.
        filename_suffix: added to the names of the files.

    Raises ImportError where tensorboard is not installed.
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        self._events, self._graphs, self._summaries, writer = _package()
        if not log_dir:
            log_dir = os.path.join("runs", time.strftime("%b%d_%H-%M-%S") + "_" + socket.gethostname() + comment)
        self.log_dir = str(log_dir)
        self._make = lambda folder: writer(folder, max_queue, flush_secs, filename_suffix)
        self._files: dict[str, Any] = {"": self._make(self.log_dir)}
        if purge_step is not None:
            started = self._events.SessionLog(status=self._events.SessionLog.START)
            self._write(step=purge_step, file_version="brain.Event:2")
            self._write(step=purge_step, session_log=started)

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    def _write(self, step: Any = None, walltime: float | None = None, part: str = "", **content: Any) -> None:
        if part not in self._files:
            self._files[part] = self._make(os.path.join(self.log_dir, part))
        event = self._events.Event(wall_time=time.time() if walltime is None else walltime, **content)
        if step is not None:
            event.step = int(step)
        self._files[part].add_event(event)

    def _value(self, tag: str, step: Any, walltime: float | None, part: str = "", **value: Any) -> None:
        summary = self._summaries.Summary(value=[self._summaries.Summary.Value(tag=tag.replace(" ", "_"), **value)])
        self._write(step, walltime, part, summary=summary)

    # --- numbers ---

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """A number at a step."""
        self._value(tag, global_step, walltime, simple_value=float(_array(scalar_value).reshape(())))

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: dict[str, Any], global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Several numbers in one picture."""
        for tag, value in tag_scalar_dict.items():
            part = f"{main_tag.replace('/', '_')}_{tag}"
            self._value(main_tag, global_step, walltime, part, simple_value=float(_array(value).reshape(())))

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """How the values are distributed."""
        data = _array(values).astype(np.float64).reshape(-1)
        if data.size == 0:
            raise ValueError(f"the histogram {tag!r} has no values")
        if not np.isfinite(data).all():
            raise ValueError(f"the histogram {tag!r} has values that are not finite")
        if isinstance(bins, str) and bins == "tensorflow":
            positive = 1e-12 * 1.1 ** np.arange(774)
            bins = np.concatenate([-positive[::-1], [0.0], positive])
        counts, limits = np.histogram(data, bins=bins)
        used = np.flatnonzero(counts)
        counts, limits = counts[used[0] : used[-1] + 1], limits[used[0] + 1 : used[-1] + 2]
        if max_bins is not None and len(counts) > max_bins:
            size = -(-len(counts) // max_bins)
            ends = np.arange(0, len(counts), size)
            counts, limits = np.add.reduceat(counts, ends), limits[np.minimum(ends + size - 1, len(limits) - 1)]
        histo = self._summaries.HistogramProto(
            min=data.min(), max=data.max(), num=data.size, sum=data.sum(), sum_squares=float(data @ data),
            bucket_limit=limits.tolist(), bucket=counts.tolist(),
        )  # fmt: skip
        self._value(tag, global_step, walltime, histo=histo)

    def add_hparams(
        self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any], hparam_domain_discrete: Any = None,
        run_name: str | None = None, global_step: Any = None,
    ) -> None:  # fmt: skip
        """Hyperparameters, as a table of text, and the metrics they led to."""
        rows = "\n".join(f"| {name} | {value} |" for name, value in hparam_dict.items())
        self.add_text("hparams", f"| name | value |\n|---|---|\n{rows}", global_step)
        for name, value in metric_dict.items():
            self.add_scalar(name, value, global_step)

    # --- pictures and text ---

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """An image; floats are taken to be from 0 to 1. ``dataformats`` names the dimensions: CHW, HWC, HW."""
        from ..vision.transforms.functional import pillow

        image = _array(img_tensor)
        if sorted(dataformats) not in (sorted("CHW"), sorted("HW")) or image.ndim != len(dataformats):
            raise ValueError(f"an image of shape {image.shape} can't have the dimensions {dataformats!r}")
        if "C" in dataformats:
            image = image.transpose([dataformats.index(c) for c in "HWC"])
            image = image[..., 0] if image.shape[-1] == 1 else image
        else:
            image = image.transpose([dataformats.index(c) for c in "HW"])
        if image.dtype.kind == "f":
            image = np.clip(image * 255, 0, 255)
        file = io.BytesIO()
        pillow().Image.fromarray(np.ascontiguousarray(image.astype(np.uint8))).save(file, format="png")
        height, width = image.shape[:2]
        channels = 1 if image.ndim == 2 else image.shape[2]
        encoded = {"height": height, "width": width, "colorspace": channels, "encoded_image_string": file.getvalue()}
        self._value(tag, global_step, walltime, image=self._summaries.Summary.Image(**encoded))

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Several images as one grid."""
        from ..tensor import wrap
        from ..vision.utils import make_grid

        images = _array(img_tensor).transpose([dataformats.index(c) for c in "NCHW"])
        self.add_image(tag, make_grid(wrap(images), padding=0), global_step, walltime)

    def add_figure(
        self, tag: str, figure: Any, global_step: Any = None, close: bool = True, walltime: float | None = None
    ) -> None:
        """A matplotlib figure as an image."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        for i, one in enumerate(figure if isinstance(figure, list) else [figure]):
            canvas = FigureCanvasAgg(one)
            canvas.draw()
            pixels = np.asarray(canvas.buffer_rgba())
            self.add_image(f"{tag}/{i}" if isinstance(figure, list) else tag, pixels, global_step, walltime, "HWC")
            if close:
                from matplotlib import pyplot

                pyplot.close(one)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None) -> None:
        """Text; TensorBoard reads it as Markdown."""
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

        plugin = self._summaries.SummaryMetadata.PluginData(plugin_name="text", content=b"")
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        tensor = TensorProto(dtype="DT_STRING", string_val=[text_string.encode()], tensor_shape=shape)
        metadata = self._summaries.SummaryMetadata(plugin_data=plugin)
        self._value(tag + "/text_summary", global_step, walltime, metadata=metadata, tensor=tensor)

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """The recorded operations from the parameters to the model's result on this input."""
        if input_to_model is None:
            raise ValueError("add_graph needs input_to_model: the graph is what one call of the model records")
        given = input_to_model if isinstance(input_to_model, (tuple, list)) else (input_to_model,)
        result = model(*given)
        while isinstance(result, (tuple, list)):
            result = result[0]
        if result.grad_fn is None:
            raise ValueError("the model's result requires no gradient, so nothing was recorded")
        names = {id(p._leaf()): name.replace(".", "/") for name, p in model.named_parameters()}
        graph, nodes, stack = self._graphs.GraphDef(), {}, [result.grad_fn]
        while stack:  # all nodes, by name
            node = stack.pop()
            if id(node) not in nodes:
                nodes[id(node)] = (names.get(id(node)) or f"{node.name()}_{node.id}", node)
                stack.extend(p for p in node.parents if p is not None)
        for name, node in sorted(nodes.values(), key=lambda pair: pair[1].id):
            made = graph.node.add(name=name, op="Parameter" if node.op is None else node.op.name)
            made.input.extend(nodes[id(p)][0] for p in node.parents if p is not None)
        self._write(graph_def=graph.SerializeToString())

    def add_embedding(self, *args: Any, **kwargs: Any) -> None:
        """Not written: raises NotImplementedError."""
        raise NotImplementedError("add_embedding is not supported: the projector needs files beside the event file")

    # --- the files ---

    def flush(self) -> None:
        """Write what waits."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Write what waits, and close the files."""
        for file in self._files.values():
            file.flush()
            file.close()
        self._files = {}

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
