"""Transforms by laws that need no torchvision: flips undo themselves, right angles are exact, colours come round."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd.vision.transforms import functional as F

RNG = np.random.default_rng(0)
IMAGE = autograd.tensor(RNG.integers(0, 256, (3, 8, 8), dtype=np.uint8))
FLOATS = autograd.tensor(RNG.random((3, 9, 7)).astype(np.float32))


def same(a, b, atol=0.0):
    np.testing.assert_allclose(a.numpy().astype(float), b.numpy().astype(float), atol=atol)


def test_flips_and_right_angles():
    for image in (IMAGE, FLOATS):
        same(F.hflip(F.hflip(image)), image)
        same(F.vflip(F.hflip(image)), F.rotate(image, 180))
    np.testing.assert_array_equal(F.rotate(IMAGE, 90).numpy(), np.rot90(IMAGE.numpy(), axes=(1, 2)))
    np.testing.assert_array_equal(F.rotate(FLOATS, 90, expand=True).numpy(), np.rot90(FLOATS.numpy(), axes=(1, 2)))
    same(F.affine(FLOATS, 0, [0, 0], 1.0, 0.0), FLOATS)
    np.testing.assert_array_equal(F.affine(IMAGE, 0, [2, 1], 1.0, 0.0).numpy()[:, 1:, 2:], IMAGE.numpy()[:, :-1, :-2])


def test_crops_and_borders_undo_each_other():
    same(F.center_crop(F.pad(FLOATS, 3), [9, 7]), FLOATS)
    same(F.crop(F.pad(FLOATS, [1, 2, 3, 4], fill=0.5), 2, 1, 9, 7), FLOATS)
    outside = F.crop(FLOATS, -2, -1, 5, 4).numpy()
    assert (outside[:, :2] == 0).all() and (outside[:, :, :1] == 0).all()
    np.testing.assert_array_equal(outside[:, 2:, 1:], FLOATS.numpy()[:, :3, :3])
    corners = F.five_crop(IMAGE, 4)
    np.testing.assert_array_equal(corners[3].numpy(), IMAGE.numpy()[:, 4:, 4:])


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_resizing_keeps_what_is_constant_and_straight(mode):
    how = F.InterpolationMode(mode)
    flat = autograd.full((1, 6, 9), 0.25)
    for size in ((3, 4), (12, 20), (6, 5)):
        same(F.resize(flat, size, how), autograd.full((1, *size), 0.25), 1e-6)
    if mode != "nearest":
        slope = np.broadcast_to((np.arange(20) + 0.5) / 20, (1, 4, 20)).astype(np.float32)
        half = F.resize(autograd.tensor(slope.copy()), (4, 10), how).numpy()[0, 0]
        np.testing.assert_allclose(half[2:-2], ((np.arange(10) + 0.5) / 10)[2:-2], atol=1e-6)
    assert F.resize(FLOATS, 14).shape == (3, 18, 14)


def test_colours():
    same(F.adjust_hue(FLOATS, 0.0), FLOATS, 1e-5)
    same(F.adjust_hue(F.adjust_hue(FLOATS, 0.3), -0.3), FLOATS, 1e-5)
    same(F.adjust_brightness(FLOATS, 1.0), FLOATS, 1e-7)
    assert F.adjust_brightness(FLOATS, 0.0).max().item() == 0.0
    gray = F.rgb_to_grayscale(FLOATS, 3)
    same(F.adjust_saturation(FLOATS, 0.0), gray, 1e-6)
    assert np.ptp(F.adjust_contrast(FLOATS, 0.0).numpy()) < 1e-6
    same(F.invert(F.invert(IMAGE)), IMAGE)
    with pytest.raises(ValueError, match="not in"):
        F.adjust_hue(FLOATS, 0.7)


def test_blurring_keeps_the_sum_of_a_point_and_averages():
    point = np.zeros((1, 15, 15), np.float32)
    point[0, 7, 7] = 1
    blurred = F.gaussian_blur(autograd.tensor(point), 7, 1.5).numpy()[0]
    assert blurred.sum() == pytest.approx(1, abs=1e-6) and blurred.argmax() == 7 * 15 + 7
    np.testing.assert_allclose(blurred, blurred.T, atol=1e-7)
    with pytest.raises(ValueError, match="odd and positive"):
        F.gaussian_blur(FLOATS, 4)


def test_dtypes_and_ranges():
    same(F.convert_image_dtype(F.convert_image_dtype(IMAGE, autograd.float32), autograd.uint8), IMAGE)
    assert F.convert_image_dtype(IMAGE, autograd.float64).max().item() <= 1.0
