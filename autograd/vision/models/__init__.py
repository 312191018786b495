"""Image classifiers, with torchvision's names and state_dict keys."""

from . import densenet, resnet, vgg
from .densenet import *
from .resnet import *
from .vgg import *
