"""All transforms by the address that torchvision gives them: callable objects on images, some of them random.

Source: https://docs.pytorch.org/vision/stable/transforms.html
"""

from .augmentation import *  # noqa: F403
from .fixed import *  # noqa: F403
from .functional import InterpolationMode as InterpolationMode
