"""Fink's science modules beside ours: which of ours stands for each, where it runs, and why where none does."""

from collections.abc import Iterator
from dataclasses import dataclass

from fink_lib.science.framework.registry import MODULES, modules_of, stream_modules

SURVEYS = ("ztf", "lsst")


@dataclass(frozen=True)
class Counterpart:
    """One of Fink's modules.

    Attributes
    ----------
    name, survey
        As Fink calls it (fink-science 8), and the survey it is for.
    ours
        Modules of ours in its place.
    nightly, on_demand
        What of ours does the same outside the stream: steps of the night, commands.
    reason
        Why nothing does, or what differs.
    """

    name: str
    survey: str
    ours: tuple[str, ...] = ()
    nightly: str = ""
    on_demand: str = ""
    reason: str = ""


_LOCAL = ("crossmatch_3hsp", "crossmatch_4lac", "crossmatch_mangrove", "crossmatch_spicy", "variable_stars")
_TNS = ("crossmatch_tns", "crossmatch_tns_entries")
_REMOTE = "no service is asked in the stream; packets of ZTF bring Gaia and Pan-STARRS"
_SLSN = "not run: its features need a remote service, and no truth is at hand"

COUNTERPARTS = (
    Counterpart("asteroids (roid)", "ztf", ("solar_system",), nightly="tracklets, asteroid links"),
    Counterpart("asteroids (nalerthist)", "ztf", ("detections",)),
    Counterpart("ad_features", "ztf", ("light_curve_features",)),
    Counterpart("anomaly_detection", "ztf", ("anomaly",), reason="one model, 25 features; experts' models are not run"),
    Counterpart("fast_transient_rate", "ztf", ("magnitude_rate",), reason="analytic errors instead of random draws"),
    Counterpart("random_forest_snia (score)", "ztf", ("early_snia",)),
    Counterpart("random_forest_snia (features)", "ztf", ("early_snia",), reason="features are not stored"),
    Counterpart("snn", "ztf", ("supernnova",)),
    Counterpart("kilonova", "ztf", ("kilonova",)),
    Counterpart("microlensing", "ztf", ("microlensing",), reason="a fit instead of a forest"),
    Counterpart("hostless_detection", "ztf", ("hostless",)),
    Counterpart("standardized_flux", "ztf", ("blazars",)),
    Counterpart("blazar_low_state", "ztf", ("blazars",), reason="no quantile of the remote SNAD service"),
    Counterpart("transient_features", "ztf", ("transient_flags",)),
    Counterpart("superluminous", "ztf", reason=_SLSN),
    Counterpart("xmatch (CDS)", "ztf", ("neighbours", "host"), "crossmatch", "fink science remote", _REMOTE),
    Counterpart("xmatch (TNS)", "ztf", _TNS, "crossmatch"),
    Counterpart("xmatch (other catalogues, Mangrove)", "ztf", _LOCAL, "crossmatch"),
    Counterpart("ad_features", "lsst", ("light_curve_features_rubin",)),
    Counterpart("snn", "lsst", ("supernnova_rubin",)),
    Counterpart("cats", "lsst", ("cats",)),
    Counterpart(
        "random_forest_snia", "lsst", ("early_snia_rubin",), reason="own model; Fink's is no better than chance"
    ),
    Counterpart("hostless_detection", "lsst", ("hostless_rubin",)),
    Counterpart("slsn", "lsst", reason="not run: the packaged model does not fit the code that is published"),
    Counterpart("orphans", "lsst", reason="not run: today's packages cannot read its model, and no truth is at hand"),
    Counterpart("xmatch", "lsst", (*_LOCAL, *_TNS), "crossmatch", "fink science remote", _REMOTE),
)


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the matrix: Fink's modules, then ours that stand for none of them."""
    for each in COUNTERPARTS:
        names = ", ".join(f"[{name}]({name}.md)" for name in each.ours)
        yield each.survey, each.name, names, _streamed(each.survey, each.ours), each.nightly, _asked(each), each.reason
    for survey in SURVEYS:
        paired = {name for each in COUNTERPARTS if each.survey == survey for name in each.ours}
        for module in modules_of(survey):
            if module.name not in paired:
                link, streamed = f"[{module.name}]({module.name}.md)", _streamed(survey, (module.name,))
                yield survey, "", link, streamed, "", "`fink science run`", "ours alone"


def unexplained() -> list[str]:
    """Return what of Fink's has neither a module here nor a reason, and names of ours that there are not."""
    there = {module.name for module in MODULES}
    missing = [each.name for each in COUNTERPARTS if not each.ours and not each.reason]
    return missing + [name for each in COUNTERPARTS for name in each.ours if name not in there]


def _streamed(survey: str, names: tuple[str, ...]) -> str:
    running = {module.name for module in stream_modules(survey)}
    return "yes" if names and set(names) <= running else "in part" if set(names) & running else ""


def _asked(each: Counterpart) -> str:
    return ", ".join(f"`{command}`" for command in ("fink science run" if each.ours else "", each.on_demand) if command)
