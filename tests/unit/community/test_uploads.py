"""Photometry and spectra as people have them: CSV, FITS, VOTable."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from fink_lib.community.uploads import draft_of_upload
from fink_lib.errors import ConfigError

ABOUT = {"survey": "ztf", "object_id": "ZTF21acoshvy", "instrument": "ALFOSC"}
SPECTRUM = {**ABOUT, "observed_at": "2021-11-23T04:00:00"}


def written(table: Table, form: str) -> bytes:
    file = io.BytesIO()
    table.write(file, format=form)
    return file.getvalue()


@pytest.mark.parametrize("form", ["fits", "votable"])
def test_photometry_in_tables(form: str) -> None:
    table = Table(
        {"jd": [2459540.6, 2459541.6], "flux": [1200.0, np.nan], "limit": [np.nan, 800.0], "band": ["g", "r"]}
    )
    body = draft_of_upload("photometry", written(table, form), ABOUT).checked_body
    assert body["unit"] == "nJy"
    assert body["points"][0] == {"mjd": pytest.approx(59540.1), "band": "g", "value": 1200.0}
    assert body["points"][1] == {"mjd": pytest.approx(59541.1), "band": "r", "limit": 800.0}


def test_a_spectrum_as_text_table_and_image() -> None:
    wave, flux = np.linspace(3500.0, 9000.0, 12), np.arange(12.0)
    text = "# ALFOSC\nwavelength flux\n" + "\n".join(f"{w} {f}" for w, f in zip(wave, flux, strict=True))
    image = fits.PrimaryHDU(flux)
    image.header["CRVAL1"], image.header["CDELT1"], image.header["CRPIX1"] = 3500.0, 500.0, 1.0
    file = io.BytesIO()
    image.writeto(file)
    for raw in (text.encode(), written(Table({"WAVE": wave, "FLUX": flux}), "fits"), file.getvalue()):
        body = draft_of_upload("spectrum", raw, SPECTRUM).checked_body
        assert body["wavelength"] == pytest.approx(wave.tolist())
        assert body["flux"] == flux.tolist()
    assert body["observed_at"] == "2021-11-23T04:00:00Z"


@pytest.mark.parametrize(
    ("kind", "raw", "why"),
    [
        ("photometry", b"mjd,mag\n59540,abc\n", "no number"),
        ("photometry", b"mjd,mag\n1,18\n", "a time is none: mjd of row 1"),
        ("photometry", b"time,mag\n59540,18\n", "has columns mjd"),
        ("photometry", b"mjd,mag,limit\n59540,,\n", "neither brightness nor limit"),
        ("photometry", b"SIMPLE garbage", "no table"),
        ("photometry", b"", "empty"),
        ("spectrum", b"wavelength,flux\n5000,1\n4000,1\n", "grow from row to row"),
        ("spectrum", b"wavelength,flux\n4000,1\n5000,nan\n", "flux of row 2"),
        ("poem", b"x", "no kind of upload"),
    ],
)
def test_what_is_no_upload(kind: str, raw: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        draft_of_upload(kind, raw, SPECTRUM if kind == "spectrum" else ABOUT)


def test_an_upload_says_with_what_it_was_taken() -> None:
    with pytest.raises(ConfigError, match="instrument"):
        draft_of_upload("photometry", b"mjd,mag\n59540,18\n", {**ABOUT, "instrument": ""})
