"""The table of phase curves: how the brightness of moving objects follows the angle of the light."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import CODE_VERSION
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import D, L, S


def gold_phase_curves() -> TableSpec:
    """Every moving object with points enough, by model and band."""
    return TableSpec(
        layer="gold",
        survey="",
        name="phase_curves",
        schema=pa.schema(
            [
                column("designation", S, "The object, as in `moving_objects`."),
                column("model", S, "HG, HG1G2, or sHG1G2: with the spin axis of an oblate body."),
                column("band", S, "`<survey>:<band>`; empty where the model was not fitted."),
                column("why_not", S, "Why it was not fitted; empty where it was."),
                column("h_mag", D, "Absolute magnitude in the band; of sHG1G2 as seen from its equator.", "mag"),
                column("h_mag_error", D, "Its standard error; infinite where the points do not tell.", "mag"),
                column("g", D, "Slope of HG."),
                column("g_error", D, "Its standard error."),
                column("g1", D, "First parameter of HG1G2."),
                column("g1_error", D, "Its standard error."),
                column("g2", D, "Second parameter."),
                column("g2_error", D, "Its standard error."),
                column("oblateness", D, "R of sHG1G2: 1 is a sphere; the same in all bands."),
                column("oblateness_error", D, "Its standard error."),
                column("pole_ra", D, "Right ascension of the spin axis' end that is north of the equator.", "deg"),
                column("pole_ra_error", D, "Its standard error.", "deg"),
                column("pole_dec", D, "Its declination; the other end is as likely.", "deg"),
                column("pole_dec_error", D, "Its standard error.", "deg"),
                column("points", L, "Points of the band that were fitted."),
                column("all_points", L, "Points of the object, in all bands."),
                column("least_phase_deg", D, "Least phase angle of the object's points.", "deg"),
                column("greatest_phase_deg", D, "Greatest one.", "deg"),
                column("rms_mag", D, "Scatter about the model, over all bands.", "mag"),
                column("chi2_reduced", D, "Chi squared a degree of freedom, over all bands."),
                CODE_VERSION,
            ]
        ),
        key=("designation", "model", "band"),
        comment="One row: a moving object's phase curve in a band, by one model; made anew each month.",
        written_by="the DAG `phase_curves`",
        partitioned_by=("model",),
        append_only=False,
    )
