"""Networks made of these modules: image classifiers, with torchvision's names and state_dict keys.

``torchvision.models`` and ``autograd.vision.models`` are this package.
"""

from . import densenet, resnet, vgg
from .densenet import *
from .resnet import *
from .vgg import *
