"""Is there a host below the transient? The comparison of two stamps by Pessi et al. 2024, arXiv:2404.18165.

First, sources are counted as pixels that stand out: many in one stamp and hardly any in the other means that the
transient shines where nothing was. Then the power spectrum of the centre is compared with those of stamps whose
pixels were shuffled: the closer to noise a stamp is, the closer to zero is the statistic.
"""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Verdict:
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


def compare(science: Image, template: Image, seed: int, crop_radius_px: int = CROP_RADIUS_PX) -> Verdict:
    """Compare two stamps of one place; the seed decides every random number."""
    clipped = stands_out(science), stands_out(template)
    if not one_sided(*clipped):
        inner = [stands_out(crop(image, crop_radius_px)) for image in (science, template)]
        if not one_sided(*inner):
            return Verdict(is_candidate=False)
    random = np.random.default_rng(seed)
    statistics = [
        noise_statistic(fill_with_noise(image, mask, random), random)
        for image, mask in zip((science, template), clipped, strict=True)
    ]
    return Verdict(True, *statistics)


def stands_out(image: Image) -> Flags:
    """Return the pixels beyond 3 sigma of the median, clipped again and again until none is left."""
    values = image.ravel()
    for _ in range(CLIP_ITERATIONS):
        middle, limit = np.median(values), CLIP_SIGMA * np.std(values)
        kept = values[np.abs(values - middle) <= limit]
        if len(kept) == len(values):
            break
        values = kept
    return np.asarray(np.abs(image - middle) > limit)


def one_sided(first: Flags, second: Flags) -> bool:
    """Tell whether many pixels stand out in one stamp and hardly any in the other."""
    counts = sorted((int(first.sum()), int(second.sum())))
    return counts[0] < FEW_PIXELS and counts[1] > MANY_PIXELS


def crop(image: Image, radius_px: int = CROP_RADIUS_PX) -> Image:
    """Return the centre, twice the radius wide."""
    rows, columns = (int(size / 2 - radius_px) for size in image.shape)
    return image[rows : rows + 2 * radius_px, columns : columns + 2 * radius_px]


def fill_with_noise(image: Image, mask: Flags, random: np.random.Generator) -> Image:
    """Replace the pixels that stand out by noise like that of the others."""
    rest = image[~mask]
    return np.where(mask, random.normal(np.median(rest), np.std(rest), image.shape), image)


def noise_statistic(image: Image, random: np.random.Generator) -> float:
    """Return how unlike noise the centre of an image is, 0 to 1; NaN where all shuffles are alike."""
    start = (image.shape[0] - CENTRE_PX) // 2, (image.shape[1] - CENTRE_PX) // 2
    centre = image[start[0] : start[0] + CENTRE_PX, start[1] : start[1] + CENTRE_PX]
    pixels = image.ravel()
    shuffled = np.stack([random.choice(pixels, CENTRE_PX**2, replace=False) for _ in range(SHUFFLES)])
    # Two spectra have as many values each, so that their Wasserstein distance is that of their sorted values.
    real = np.sort(spectra(centre[None]), axis=1)
    noise = np.sort(spectra(shuffled.reshape(SHUFFLES, CENTRE_PX, CENTRE_PX)), axis=1)
    to_real = np.abs(noise - real).mean(axis=1)
    first, second = np.triu_indices(SHUFFLES, k=1)
    among = np.abs(noise[first] - noise[second]).mean(axis=1)
    if len(np.unique(to_real)) < DISTINCT_MIN or len(np.unique(among)) < DISTINCT_MIN:
        return float("nan")
    return kolmogorov_smirnov(to_real, among)


def spectra(images: Image) -> Image:
    """Return the power in rings of wave number, shape (n, size, size) → (n, rings), scaled by the rings' areas."""
    size = images.shape[1]
    wave = np.fft.fftfreq(size) * size
    radius = np.hypot(wave[:, None], wave[None, :]).ravel()
    edges = np.arange(0.5, size // 2 + 1, 1.0)
    power = (np.abs(np.fft.fft2(images)) ** 2).reshape(len(images), -1)
    ring = np.where(radius <= edges[-1], np.minimum(np.digitize(radius, edges), len(edges) - 1), 0)
    rings = [power[:, ring == number].mean(axis=1) for number in range(1, len(edges))]
    return np.asarray(np.stack(rings, axis=1) * np.pi * (edges[1:] ** 2 - edges[:-1] ** 2))


def kolmogorov_smirnov(first: Image, second: Image) -> float:
    """Return the largest difference between the distributions of two samples."""
    one, two = np.sort(first), np.sort(second)
    places = np.concatenate([one, two])
    share_one = np.searchsorted(one, places, side="right") / len(one)
    share_two = np.searchsorted(two, places, side="right") / len(two)
    return float(np.abs(share_one - share_two).max())
