"""Networks made of these modules: image classifiers, with torchvision's names and state_dict keys.

``torchvision.models`` and ``autograd.vision.models`` are this package.
"""

from . import _utils as _utils
from . import alexnet as _alexnet
from . import densenet, mobilenet, resnet, vgg
from .alexnet import *
from .densenet import *
from .mobilenet import *
from .resnet import *
from .vgg import *
