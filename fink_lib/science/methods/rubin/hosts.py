"""Is there a transient at the centre of a Rubin stamp, and a host below it? Both looked for at the seeing's width.

A point source of Rubin covers some 40 pixels and stands out of none of them alone until it is of 21 mag. So stamps
are smoothed by the seeing before a pixel is compared with the noise, which is measured away from the centre.
"""

import numpy as np
import numpy.typing as npt

from fink_lib.science.methods import elephant

Image = npt.NDArray[np.float64]

SEEING_SIGMA_PX = 2.0  # of 0.94 arcsec at 0.2 arcsec a pixel
SEEN_RADIUS_PX, HOST_RADIUS_PX, NOISE_RADIUS_PX = 3.0, 9.0, 10.0
SEEN_SNR, HOST_SNR = 4.0, 3.5
MAD_TO_SIGMA = 1.4826


def compare(science: Image, template: Image, seed: int) -> elephant.HostlessResult:
    """Compare two stamps of one place; a candidate is seen in the first and has no host in the second.

    Parameters
    ----------
    science, template
        Square stamps of one size.
    seed
        Decides every random number.
    """
    if peak_snr(science, SEEN_RADIUS_PX) < SEEN_SNR or peak_snr(template, HOST_RADIUS_PX) >= HOST_SNR:
        return elephant.HostlessResult(is_candidate=False)
    random = np.random.default_rng(seed)
    masks = elephant.stands_out(science), elephant.stands_out(template)
    pairs = zip((science, template), masks, strict=True)
    filled = [elephant.fill_with_noise(image, mask, random) for image, mask in pairs]
    return elephant.HostlessResult(True, *(elephant.noise_statistic(image, random) for image in filled))


def peak_snr(image: Image, radius_px: float) -> float:
    """Return how far the brightest smoothed pixel near the centre stands above the level, in units of the noise.

    Parameters
    ----------
    image
        A square stamp that reaches beyond `NOISE_RADIUS_PX` from its centre.
    radius_px
        How far from the centre the pixel may lie.
    """
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415 - see `fink_lib.science.framework.packages`

    smooth = gaussian_filter(image, SEEING_SIGMA_PX)
    rows, columns = np.indices(image.shape)
    distance = np.hypot(rows - (image.shape[0] - 1) / 2.0, columns - (image.shape[1] - 1) / 2.0)
    around = smooth[distance > NOISE_RADIUS_PX]
    level = float(np.median(around))
    noise = MAD_TO_SIGMA * float(np.median(np.abs(around - level)))
    height = float(smooth[distance <= radius_px].max()) - level
    return height / noise if noise > 0.0 else float(np.sign(height)) * float("inf") if height else 0.0
