"""What layers compute, as functions: ``torch.nn.functional`` by the same names.

Modules hold parameters and call these.
"""

from __future__ import annotations

# Copies of PyTorch's functions ask these four of torch.nn.functional.
from autograd.overrides import handle_torch_function as handle_torch_function
from autograd.overrides import has_torch_function as has_torch_function
from autograd.overrides import has_torch_function_unary as has_torch_function_unary
from autograd.overrides import has_torch_function_variadic as has_torch_function_variadic

from .. import _reduction as _Reduction
from .activation import *
from .attention import *
from .classification import *
from .conv import *
from .ctc import *
from .distance import *
from .dropout import *
from .embedding import *
from .linear import *
from .loss import *
from .normalization import *
from .padding import *
from .pooling import *
from .resample import *
