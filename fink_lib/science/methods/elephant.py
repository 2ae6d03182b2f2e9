"""Is there a host below the transient? The comparison of two stamps by Pessi et al. 2024, arXiv:2404.18165.

First, sources are counted as pixels that stand out: many in one stamp and hardly any in the other means that the
transient shines where nothing was. Then the power spectrum of the centre is compared with those of stamps whose
pixels were shuffled: the closer to noise a stamp is, the closer to zero is the statistic.
"""

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CLIP_SIGMA, CLIP_ITERATIONS = 3.0, 10
CROP_RADIUS_PX = 7
MANY_PIXELS, FEW_PIXELS = 5, 3  # more than the first in one stamp, fewer than the second in the other
CENTRE_PX = 15
SHUFFLES = 200
DISTINCT_MIN = 3
SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True)
class HostlessResult:
    """What the two stamps say.

    Attributes
    ----------
    is_candidate
        A source stands out in one stamp only.
    science, template
        Kolmogorov-Smirnov statistics, 0 (noise) to 1; NaN for what is no candidate.
    """

    is_candidate: bool
    science: float = float("nan")
    template: float = float("nan")


def compare(science: Image, template: Image, seed: int, crop_radius_px: int = CROP_RADIUS_PX) -> HostlessResult:
    """Compare two stamps of one place; the seed decides every random number.

    Parameters
    ----------
    science, template
        Square stamps of one size.
    seed
        The same seed gives the same statistics.
    crop_radius_px
        Half the width of the centre that is looked at again where nothing stands out in one whole stamp only.
    """
    clipped = stands_out(science), stands_out(template)
    if not one_sided(*clipped):
        inner = [stands_out(crop(image, crop_radius_px)) for image in (science, template)]
        if not one_sided(*inner):
            return HostlessResult(is_candidate=False)
    random = np.random.default_rng(seed)
    statistics = [
        noise_statistic(fill_with_noise(image, mask, random), random)
        for image, mask in zip((science, template), clipped, strict=True)
    ]
    return HostlessResult(True, *statistics)


def stands_out(image: Image) -> Flags:
    """Return the pixels beyond 3 sigma of the median, clipped again and again until none is left.

    What is left is always a stretch of the sorted pixels, so that they are sorted once and the median is its middle.
    """
    values = np.sort(image, axis=None)
    first, last = 0, len(values)
    for _ in range(CLIP_ITERATIONS):
        middle, limit = _middle(values[first:last]), CLIP_SIGMA * np.std(values[first:last])
        left = int(np.searchsorted(values, middle - limit, side="left"))
        right = int(np.searchsorted(values, middle + limit, side="right"))
        if max(left, first) == first and min(right, last) == last:
            break
        first, last = max(left, first), min(right, last)
    return np.asarray(np.abs(image - middle) > limit)


def _middle(ordered: Image) -> float:
    """Return the median of sorted values."""
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half]))


def one_sided(first: Flags, second: Flags) -> bool:
    """Tell whether many pixels stand out in one stamp and hardly any in the other.

    Parameters
    ----------
    first, second
        Pixels that stand out, of either stamp: more than `MANY_PIXELS` are many, fewer than `FEW_PIXELS` hardly any.
    """
    counts = sorted((int(first.sum()), int(second.sum())))
    return counts[0] < FEW_PIXELS and counts[1] > MANY_PIXELS


def crop(image: Image, radius_px: int = CROP_RADIUS_PX) -> Image:
    """Return the centre, twice the radius wide.

    Parameters
    ----------
    image
        A stamp of at least that size.
    radius_px
        Half the width of the part.
    """
    rows, columns = (int(size / 2 - radius_px) for size in image.shape)
    return image[rows : rows + 2 * radius_px, columns : columns + 2 * radius_px]


def fill_with_noise(image: Image, mask: Flags, random: np.random.Generator) -> Image:
    """Replace the pixels that stand out by noise like that of the others.

    Parameters
    ----------
    image
        A stamp; it is not written to.
    mask
        Pixels to replace, of its shape; at least one must be left.
    random
        Source of the noise: normal, with median and standard deviation of the other pixels.
    """
    rest = image[~mask]
    return np.where(mask, random.normal(np.median(rest), np.std(rest), image.shape), image)


def noise_statistic(image: Image, random: np.random.Generator) -> float:
    """Return how unlike noise the centre of an image is, 0 to 1; NaN where all shuffles are alike.

    Parameters
    ----------
    image
        A stamp of at least `CENTRE_PX` pixels each way, without sources.
    random
        Source of the shuffles.
    """
    from scipy.spatial.distance import pdist  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    start = (image.shape[0] - CENTRE_PX) // 2, (image.shape[1] - CENTRE_PX) // 2
    centre = image[start[0] : start[0] + CENTRE_PX, start[1] : start[1] + CENTRE_PX]
    # Two spectra have as many values each, so that their Wasserstein distance is that of their sorted values.
    real = np.sort(spectra(centre[None]), axis=1)
    noise = np.sort(spectra(shuffles(image, random)), axis=1)
    to_real = np.abs(noise - real).mean(axis=1)
    among = pdist(noise, "cityblock") / noise.shape[1]
    if len(np.unique(to_real)) < DISTINCT_MIN or len(np.unique(among)) < DISTINCT_MIN:
        return float("nan")
    return kolmogorov_smirnov(to_real, among)


def shuffles(image: Image, random: np.random.Generator) -> Image:
    """Return squares of pixels drawn from all over an image, shape (n, size, size).

    One shuffle of the whole image is cut into as many squares as it gives. Squares of one shuffle share no pixel,
    which ties them by less than one part in a thousand: the correlation of draws without replacement.

    Parameters
    ----------
    image
        A stamp of at least `CENTRE_PX` squared pixels.
    random
        Source of the shuffles.
    """
    size = CENTRE_PX**2
    each = image.size // size
    whole = np.tile(image.ravel(), (-(-SHUFFLES // each), 1))
    drawn = random.permuted(whole, axis=1)[:, : each * size]
    return drawn.reshape(-1, CENTRE_PX, CENTRE_PX)[:SHUFFLES]


@functools.cache
def _rings(size: int) -> tuple[Image, Image]:
    """Return the edges of rings of wave number, and which share of a ring's mean each wave of `rfft2` is.

    A wave and its opposite hold the same power, and only one of the two is computed: it counts twice.
    """
    wave = np.fft.fftfreq(size) * size
    radius = np.hypot(wave[:, None], wave[None, : size // 2 + 1])
    edges = np.arange(0.5, size // 2 + 1, 1.0)
    ring = np.where(radius <= edges[-1], np.minimum(np.digitize(radius, edges), len(edges) - 1), 0)
    times = np.full(ring.shape, 2.0)
    times[:, 0] = 1.0
    if size % 2 == 0:
        times[:, -1] = 1.0
    share = np.stack([np.where(ring == number, times, 0.0).ravel() for number in range(1, len(edges))])
    return edges, share / share.sum(axis=1, keepdims=True)


def spectra(images: Image) -> Image:
    """Return the power in rings of wave number, shape (n, size, size) → (n, rings), scaled by the rings' areas."""
    from scipy.fft import rfft2  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    edges, share = _rings(images.shape[1])
    waves = rfft2(images).reshape(len(images), -1)
    power = waves.real**2 + waves.imag**2
    return np.asarray((power @ share.T) * np.pi * (edges[1:] ** 2 - edges[:-1] ** 2))


def kolmogorov_smirnov(first: Image, second: Image) -> float:
    """Return the largest difference between the distributions of two samples.

    Between two values of the first sample its distribution stands still and the other only grows: the difference is
    largest at a value of the first, or just below it.

    Parameters
    ----------
    first, second
        The samples, in any order; neither empty.
    """
    one, two = np.sort(first), np.sort(second)
    at = [np.searchsorted(one, one, side) / len(one) - np.searchsorted(two, one, side) / len(two) for side in SIDES]
    return float(max(np.max(at[1]), np.max(-at[0])))
