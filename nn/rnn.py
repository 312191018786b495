"""Recurrent layers and their cells."""

from __future__ import annotations

import math
import warnings
from typing import Any

import autograd
from autograd.graph import is_casting
from autograd.ops.recurrent import GATES, gru_cell, lstm_cell, recurrence, rnn_relu_cell, rnn_tanh_cell

from . import functional as F
from . import init
from .linear import empty
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


def _check_arguments(
    mode: str, input_size: Any, hidden_size: Any, num_layers: int, dropout: Any, proj_size: int, **flags: Any
) -> None:
    """Raise ValueError or TypeError for what makes no recurrent layer."""
    if mode not in GATES:
        raise ValueError(f"Unrecognized RNN mode: {mode}; it is one of {', '.join(GATES)}")
    if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed, "
            f"got {dropout!r}"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
            f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
    if not isinstance(hidden_size, int):
        raise TypeError(f"hidden_size should be of type int, got: {type(hidden_size).__name__}")
    if input_size <= 0:
        raise ValueError("input_size must be greater than zero")
    if hidden_size <= 0:
        raise ValueError("hidden_size must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")
    if proj_size and mode != "LSTM":
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


def apply_permutation(tensor: Any, permutation: Any, dim: int = 1) -> Any:
    """``tensor`` with the places of a dimension in this order."""
    return tensor.index_select(dim, permutation)


class RNNBase(Module):
    """What RNN, LSTM and GRU share: their weights, by layer and direction, and the walk through the layers."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_arguments(
            mode, input_size, hidden_size, num_layers, dropout, proj_size, bias=bias, batch_first=batch_first
        )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        rows, state = GATES[mode] * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else state * self._directions
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, state)}
            if bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for suffix in self._suffixes():
                for name, shape in shapes.items():
                    setattr(self, f"{name}_l{layer}{suffix}", empty(*shape, device=device, dtype=dtype))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def reset_parameters(self) -> None:
        """Draw the initial values (anew), from U(-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing to do here; PyTorch arranges memory for CUDA."""

    @property
    def _all_weights(self) -> list[list[str]]:
        names = ["weight_ih", "weight_hh"]
        if self.bias:
            names += ["bias_ih", "bias_hh"]
        if self.proj_size:
            names += ["weight_hr"]
        return [
            [f"{name}_l{layer}{suffix}" for name in names]
            for layer in range(self.num_layers)
            for suffix in self._suffixes()
        ]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters, in a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for name in self._flat_weights_names]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size:
            text += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout:
            text += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            text += f", bidirectional={self.bidirectional}"
        return text

    def _run(self, input: Any, hx: Any) -> Any:
        """The output in the form of the input, and the final states (h, c) of all layers."""
        from .utils.rnn import PackedSequence

        packed = isinstance(input, PackedSequence)
        single = False
        if packed:
            rows, sizes = input.data, tuple(int(b) for b in input.batch_sizes.tolist())
            batch = sizes[0]
            if rows.ndim != 2:
                raise RuntimeError(f"input must have 2 dimensions, got {rows.ndim}")
        else:
            if input.ndim not in (2, 3):
                raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.ndim}D instead")
            single = input.ndim == 2
            if single:
                input = input.unsqueeze(0 if self.batch_first else 1)
            if self.batch_first:
                input = input.transpose(0, 1)
            length, batch, width = input.shape
            if length == 0:
                raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
            rows, sizes = input.reshape(length * batch, width), (batch,) * length
        if rows.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {rows.shape[-1]}"
            )
        states = self._states(hx, batch, single, rows, input.sorted_indices if packed else None)
        rows, finals = self._layers(rows, states, sizes)
        if packed:
            output: Any = PackedSequence(rows, input.batch_sizes, input.sorted_indices, input.unsorted_indices)
            if input.unsorted_indices is not None:
                finals = [apply_permutation(final, input.unsorted_indices) for final in finals]
            return output, finals
        output = rows.reshape(length, batch, rows.shape[-1])
        if self.batch_first:
            output = output.transpose(0, 1)
        if single:
            return output.squeeze(0 if self.batch_first else 1), [final.squeeze(1) for final in finals]
        return output, finals

    def _states(self, hx: Any, batch: int, single: bool, rows: Any, order: Any) -> list[Any]:
        """The initial (h, c), each (layers * directions, batch, size): those given, checked, or zeros."""
        count = self.num_layers * self._directions
        sizes = [self.proj_size or self.hidden_size] + [self.hidden_size] * (self.mode == "LSTM")
        if hx is None:
            return [autograd.zeros(count, batch, size, dtype=rows.dtype) for size in sizes]
        given = list(hx) if self.mode == "LSTM" else [hx]
        found = []
        for name, state, size in zip(("hidden", "cell"), given, sizes, strict=False):
            if state.ndim != (2 if single else 3):
                pair = ". The state of an LSTM is a tuple (h_0, c_0)" if len(sizes) == 2 and len(given) != 2 else ""
                raise RuntimeError(
                    f"For {'unbatched 2-D' if single else 'batched 3-D'} input, hx should also be "
                    f"{2 if single else 3}-D but got {state.ndim}-D tensor{pair}"
                )
            if single:
                state = state.unsqueeze(1)
            if tuple(state.shape) != (count, batch, size):
                raise RuntimeError(f"Expected {name} size {(count, batch, size)}, got {list(state.shape)}")
            if state.dtype != rows.dtype and not is_casting():
                raise RuntimeError(f"Input and {name} tensors are not the same dtype: {rows.dtype} and {state.dtype}")
            found.append(state if order is None else apply_permutation(state, order))
        return found

    def _layers(self, rows: Any, states: list[Any], sizes: tuple[int, ...]) -> tuple[Any, list[Any]]:
        finals: list[list[Any]] = [[], []]
        weights = self.all_weights
        if rows.dtype != weights[0][0].dtype and not is_casting():
            raise ValueError(
                f"RNN input dtype ({rows.dtype}) does not match weight dtype ({weights[0][0].dtype}). Convert input: "
                f"input.to({weights[0][0].dtype}), or convert model: model.to({rows.dtype})"
            )
        for layer in range(self.num_layers):
            made = []
            for direction in range(self._directions):
                k = layer * self._directions + direction
                w_ih, w_hh, *others = weights[k]
                b_ih, b_hh = others[:2] if self.bias else (None, None)
                w_hr = others[-1] if self.proj_size else None
                h, c = states[0][k], states[1][k] if self.mode == "LSTM" else None
                out, h, c = recurrence(rows, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, self.mode, sizes, direction == 1)
                made.append(out)
                finals[0].append(h)
                finals[1].append(c)
            rows = made[0] if len(made) == 1 else autograd.cat(made, 1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                rows = F.dropout(rows, self.dropout, True)
        return rows, [autograd.stack(final) for final in finals[: len(states)]]


class RNN(RNNBase):
    """An Elman network over a sequence: h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh).

    Args:
        nonlinearity: "tanh" or "relu".
        batch_first: input and output are (batch, time, features) instead of (time, batch, features).
        dropout: between the layers, while training.
        bidirectional: a second network reads each layer backward, and the outputs are joined.

    Shapes: input (L, N, input_size), (L, input_size) or a PackedSequence; hidden (layers * directions, N, hidden_size).
    Parameters weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ..._reverse, drawn from U(-k, k), k =
    1/sqrt(hidden_size). Raises RuntimeError or ValueError for sizes that don't fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html

    >>> import autograd, nn
    >>> output, hidden = nn.RNN(10, 20, 2)(autograd.ones(5, 3, 10))
    >>> output.shape, hidden.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:  # nonlinearity is the fourth positional argument
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self.__dict__["nonlinearity"] = nonlinearity
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        output, (h,) = self._run(input, hx)
        return output, h


class LSTM(RNNBase):
    """Long short-term memory over a sequence; see ``RNN`` for the arguments.

    ``proj_size`` projects the hidden state to a smaller one (weight_hr_l0). Returns output and the pair (h_n, c_n).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html

    >>> import autograd, nn
    >>> output, (h, c) = nn.LSTM(10, 20, batch_first=True, bidirectional=True)(autograd.ones(3, 5, 10))
    >>> output.shape, h.shape
    (torch.Size([3, 5, 40]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        output, (h, c) = self._run(input, hx)
        return output, (h, c)


class GRU(RNNBase):
    """Gated recurrent units over a sequence; see ``RNN`` for the arguments.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html

    >>> import autograd, nn
    >>> output, h = nn.GRU(10, 20)(autograd.ones(5, 10))  # unbatched
    >>> output.shape, h.shape
    (torch.Size([5, 20]), torch.Size([1, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        output, (h,) = self._run(input, hx)
        return output, h


class RNNCellBase(Module):
    """What the cells share: weight_ih, weight_hh, bias_ih, bias_hh, drawn from U(-k, k), k = 1/sqrt(hidden_size)."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = empty(rows, input_size, device=device, dtype=dtype)
        self.weight_hh = empty(rows, hidden_size, device=device, dtype=dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, empty(rows, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values (anew)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _zeros(self, input: Any) -> Any:
        return autograd.zeros(*input.shape[:-1], self.hidden_size, dtype=input.dtype)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = self.__dict__.get("nonlinearity", "tanh")
        return text + (f", nonlinearity={nonlinearity}" if nonlinearity != "tanh" else "")


class RNNCell(RNNCellBase):
    """One step of an Elman network: (N, input_size) and (N, hidden_size) give (N, hidden_size).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html

    >>> import autograd, nn
    >>> nn.RNNCell(4, 6)(autograd.ones(2, 4)).shape
    torch.Size([2, 6])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        cells = {"tanh": rnn_tanh_cell, "relu": rnn_relu_cell}
        if self.nonlinearity not in cells:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        hx = self._zeros(input) if hx is None else hx
        return cells[self.nonlinearity](input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


class LSTMCell(RNNCellBase):
    """One step of an LSTM: (N, input_size) and the pair (h, c) give the next pair.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html

    >>> import autograd, nn
    >>> h, c = nn.LSTMCell(4, 6)(autograd.ones(2, 4))
    >>> h.shape, c.shape
    (torch.Size([2, 6]), torch.Size([2, 6]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        hx = (self._zeros(input), self._zeros(input)) if hx is None else hx
        return lstm_cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


class GRUCell(RNNCellBase):
    """One step of a GRU: (N, input_size) and (N, hidden_size) give (N, hidden_size).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html

    >>> import autograd, nn
    >>> nn.GRUCell(10, 20)(autograd.ones(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        hx = self._zeros(input) if hx is None else hx
        return gru_cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
