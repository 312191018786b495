"""What layers compute, as functions: ``torch.nn.functional`` by the same names.

Modules hold parameters and call these.
"""

from __future__ import annotations

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
