"""Transforms beside torchvision's where it is installed, and on arrays where Pillow is not."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import autograd
import nn
from autograd.vision import transforms as T
from autograd.vision.transforms import functional as F
from autograd.vision.transforms import v2

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (20, 31, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (28, 28), dtype=np.uint8)


def smooth(shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.stack([(np.sin(x / 5 + k) + np.cos(y / 7)) * 60 + 128 for k in range(3)], -1).astype(np.uint8)


TRANSFORMS = [
    lambda t: t.Resize(15), lambda t: t.Resize((40, 13)), lambda t: t.Resize(10, max_size=12),
    lambda t: t.Resize((9, 50), antialias=False), lambda t: t.Resize((9, 9), t.InterpolationMode.NEAREST),
    lambda t: t.Resize((33, 12), t.InterpolationMode.BICUBIC), lambda t: t.CenterCrop(8), lambda t: t.CenterCrop((40, 8)),
    lambda t: t.Pad(3), lambda t: t.Pad((1, 2), fill=7), lambda t: t.Pad((1, 2, 3, 4), padding_mode="reflect"),
    lambda t: t.Pad(2, padding_mode="edge"), lambda t: t.Pad(2, padding_mode="symmetric"),
    lambda t: t.RandomCrop(12), lambda t: t.RandomCrop((10, 32), padding=2), lambda t: t.RandomCrop(40, pad_if_needed=True),
    lambda t: t.RandomHorizontalFlip(), lambda t: t.RandomVerticalFlip(0.9), lambda t: t.RandomResizedCrop(16),
    lambda t: t.RandomResizedCrop((8, 12), scale=(0.5, 1)), lambda t: t.Grayscale(), lambda t: t.Grayscale(3),
    lambda t: t.RandomGrayscale(0.5), lambda t: t.ColorJitter(0.4, 0.3, 0.2, 0.1), lambda t: t.ColorJitter(brightness=(0.5, 2)),
    lambda t: t.GaussianBlur(3), lambda t: t.GaussianBlur((3, 5), 1.5), lambda t: t.RandomApply([t.Pad(1), t.CenterCrop(5)], 0.5),
    lambda t: t.RandomRotation(30), lambda t: t.RandomRotation((20, 80), expand=True),
    lambda t: t.RandomRotation(40, t.InterpolationMode.BILINEAR, fill=3), lambda t: t.RandomInvert(0.5),
    lambda t: t.RandomSolarize(1, 0.7), lambda t: t.RandomAffine(20, (0.1, 0.2), (0.8, 1.2), 10),
]  # fmt: skip


@pytest.mark.parametrize("make", TRANSFORMS, ids=lambda make: repr(make(T)))
@pytest.mark.parametrize("kind", ["pil", "uint8", "float"])
def test_same_pixels_as_torchvision_for_the_same_seed(make, kind):
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchvision.transforms")
    assert repr(make(T)) == repr(make(theirs))
    array = smooth((20, 31))
    chw = np.ascontiguousarray(array.transpose(2, 0, 1))
    if kind == "float":
        chw = (chw / 255).astype(np.float32)
    for seed in range(4):
        autograd.manual_seed(seed)
        torch.manual_seed(seed)
        if kind == "pil":
            a, b = np.asarray(make(T)(Image.fromarray(array))), np.asarray(make(theirs)(Image.fromarray(array)))
        else:
            a, b = make(T)(autograd.tensor(chw)).numpy(), make(theirs)(torch.tensor(chw)).numpy()
        assert a.shape == b.shape and a.dtype == b.dtype
        exact = kind == "pil" and "Blur" not in repr(make(T))
        off = np.abs(a.astype(float) - b) > (0 if exact else 1e-4 if kind == "float" else 1)
        rough = "Affine" in repr(make(T)) or "Rotation" in repr(make(T))  # nearest pixels at .5 may go either way
        assert off.mean() <= (0.01 if rough and kind != "pil" else 0)


def test_to_tensor_and_back():
    assert F.to_tensor(Image.fromarray(RGB)).shape == (3, 20, 31)
    np.testing.assert_array_equal(F.to_tensor(RGB).numpy(), (RGB.transpose(2, 0, 1) / np.float32(255)))
    np.testing.assert_array_equal(np.asarray(T.ToPILImage()(T.ToTensor()(RGB))), RGB)
    np.testing.assert_array_equal(F.pil_to_tensor(Image.fromarray(GRAY)).numpy()[0], GRAY)
    assert F.to_tensor(np.ones((2, 2))).dtype == autograd.float64
    with pytest.raises(TypeError, match="PIL Image or ndarray"):
        F.to_tensor([1])


def test_batches_at_once_are_the_images_one_by_one():
    both = T.Compose([T.ToTensor(), T.Normalize((0.1307,), (0.3081,))])
    images = RNG.integers(0, 256, (5, 28, 28), dtype=np.uint8)
    np.testing.assert_array_equal(both.on_batch(images).numpy(), np.stack([both(i).numpy() for i in images]))
    colour = T.Compose([T.ToTensor(), T.Normalize([0.1, 0.2, 0.3], [1, 2, 3])])
    images = RNG.integers(0, 256, (5, 8, 9, 3), dtype=np.uint8)
    np.testing.assert_array_equal(colour.on_batch(images).numpy(), np.stack([colour(i).numpy() for i in images]))
    assert T.Compose([T.ToTensor(), T.RandomCrop(3)]).on_batch(images) is None


def test_arrays_do_without_pillow(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("PIL")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "PIL", None)
    autograd.manual_seed(0)
    out = T.Compose([T.Resize(24), T.RandomCrop(20), T.RandomHorizontalFlip(), T.ToTensor()])(GRAY)
    assert out.shape == (1, 20, 20)
    with pytest.raises(ImportError, match="pip install pillow"):
        T.ToPILImage()(out)


def test_errors():
    with pytest.raises(TypeError, match="Input tensor should be a float tensor"):
        F.normalize(autograd.tensor(GRAY[None]), [0.5], [0.5])
    with pytest.raises(ValueError, match="std evaluated to zero"):
        F.normalize(autograd.ones(1, 2, 2), [0.5], [0.0])
    with pytest.raises(ValueError, match="larger than input image size"):
        T.RandomCrop(40)(autograd.ones(1, 28, 28))
    with pytest.raises(TypeError, match="should be a PIL Image"):
        F.hflip("picture")
    with pytest.raises(ValueError, match="Padding mode"):
        F.pad(autograd.ones(1, 2, 2), 1, padding_mode="circular")


def test_random_erasing():
    autograd.manual_seed(0)
    image = autograd.ones(3, 20, 20)
    erased = T.RandomErasing(p=1.0)(image)
    assert 0 < (erased == 0).sum().item() < 600 and (image == 1).all()
    assert T.RandomErasing(p=1.0, value="random", inplace=True)(image) is image


def test_transforms_are_modules_where_torchvision_s_are():
    image = autograd.tensor(RGB.transpose(2, 0, 1).copy())
    both = nn.Sequential(
        T.Resize(8), T.RandomApply(nn.ModuleList([T.CenterCrop(6)]), 1.0), T.ConvertImageDtype(autograd.float32)
    )
    assert both(image).shape == (3, 6, 6) and both(image).dtype == autograd.float32
    assert repr(nn.Sequential(T.CenterCrop(6))) == "Sequential(\n  (0): CenterCrop(size=(6, 6))\n)"
    assert repr(T.Compose([T.ToTensor(), T.Lambda(abs)])) == "Compose(\n    ToTensor()\n    Lambda()\n)"
    assert repr(T.RandomChoice([T.ToTensor()])) == "RandomChoice(\n    ToTensor()\n)(p=None)"
    plain = {
        "Compose",
        "InterpolationMode",
        "Lambda",
        "PILToTensor",
        "RandomChoice",
        "RandomOrder",
        "ToPILImage",
        "ToTensor",
    }
    classes = {name for name in dir(T) if isinstance(getattr(T, name), type)}
    assert {name for name in classes if not issubclass(getattr(T, name), nn.Module)} == plain


DIFFERENTIABLE = [
    lambda x: F.normalize(x, [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]), F.hflip, F.vflip, lambda x: F.crop(x, 1, -2, 4, 6),
    lambda x: F.center_crop(x, 4), lambda x: F.center_crop(x, [9, 3]), lambda x: F.pad(x, [1, 2, -1, 0], fill=0.5),
    lambda x: F.pad(x, 2, padding_mode="reflect"), lambda x: F.pad(x, 2, padding_mode="edge"),
    lambda x: F.resize(x, [4, 9]), lambda x: F.resize(x, [3, 8], T.InterpolationMode.NEAREST), lambda x: F.rotate(x, 20.0),
    lambda x: F.rotate(x, 20.0, T.InterpolationMode.BILINEAR), lambda x: F.adjust_brightness(x, 0.7),
    lambda x: F.adjust_saturation(x.float(), 0.7).double(), lambda x: F.rgb_to_grayscale(x, 3), F.invert,
    lambda x: F.solarize(x, 0.0), lambda x: F.gaussian_blur(x, [3, 5]), lambda x: F.erase(x, 1, 2, 3, 2, 0.25),
    lambda x: F.convert_image_dtype(x, autograd.float32).double(), lambda x: F.resized_crop(x, 1, 1, 4, 4, [3, 3]),
]  # fmt: skip


@pytest.mark.parametrize("function", DIFFERENTIABLE)
def test_gradients_go_through_where_they_go_through_torchvision_s(function):
    """A U-Net that crops with center_crop trained without the gradient of what it cropped."""
    image = autograd.tensor(RNG.random((2, 3, 7, 6)), requires_grad=True)
    made = function(image)
    np.testing.assert_allclose(made.detach().numpy(), function(image.detach()).numpy(), rtol=1e-5, atol=1e-6)
    weights = autograd.tensor(RNG.random(made.shape))
    (grad,) = autograd.autograd.grad((made * weights).sum(), image)
    step = autograd.tensor(RNG.random(image.shape))
    change = (function(image.detach() + 5e-3 * step) - function(image.detach() - 5e-3 * step)) / 1e-2
    assert float((grad * step).sum()) == pytest.approx(float((change * weights).sum()), rel=2e-2, abs=1e-2)


def test_what_has_no_gradient_says_so():
    with pytest.raises(NotImplementedError, match="detach"):
        F.adjust_hue(autograd.rand(3, 4, 4, requires_grad=True), 0.1)


V2 = [
    lambda v: v.RandomHorizontalFlip(0.5), lambda v: v.RandomCrop(12, padding=4), lambda v: v.RandomResizedCrop(16),
    lambda v: v.ColorJitter(0.2, 0.2, 0.2), lambda v: v.Normalize([0.5] * 3, [0.2] * 3), lambda v: v.Resize((10, 12)),
    lambda v: v.GaussianBlur(3), lambda v: v.RandomErasing(1.0), lambda v: v.Lambda(lambda x: x * 2),
]  # fmt: skip


@pytest.mark.parametrize("make", V2)
def test_the_second_version_of_the_transforms(make):
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchvision.transforms.v2")
    for seed in range(3):
        made = []
        for m, v in ((autograd, v2), (torch, theirs)):
            m.manual_seed(seed)
            both = v.Compose([v.ToImage(), v.ToDtype(m.float32, scale=True), make(v)])
            image, label = both(Image.fromarray(smooth((20, 31))), 3)
            assert label == (6 if "Lambda" in repr(both) else 3)
            made.append(np.asarray(image))
        np.testing.assert_allclose(*made, atol=1e-4)


def test_what_is_new_in_the_second_version():
    both = v2.Compose([v2.ToImage(), v2.ToDtype(autograd.float32, scale=True)])
    np.testing.assert_array_equal(both(RGB).numpy(), F.to_tensor(RGB).numpy())
    assert both(GRAY).shape == (1, 28, 28) and both((GRAY, 7))[1] == 7
    assert repr(both) == "Compose(\n      ToImage()\n      ToDtype(scale=True)\n)"
    assert v2.ToDtype(autograd.float64)(autograd.ones(1)).dtype == autograd.float64
    assert v2.PILToTensor()(Image.fromarray(RGB)).dtype == autograd.uint8
