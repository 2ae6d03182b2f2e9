"""Every trained model: the file that it comes from, and how it becomes arrays or a graph that runs here."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fink_lib.errors import ModelError
from fink_lib.science.models.convert import Converted, aad_forest, cats_network, random_forest, recurrent_network

Build = Callable[[Mapping[str, bytes]], Converted]

PACKAGE = "fink-science"
_ROOT = "fink_science/data/models"


class Kind(StrEnum):
    """What a model becomes."""

    FOREST = "forest"  # flat arrays
    NETWORK = "network"  # an ONNX graph


@dataclass(frozen=True)
class ModelSource:
    """Where a trained model comes from.

    Attributes
    ----------
    name
        Short lower-case name.
    kind
        What it becomes.
    meaning, reference
        One sentence, and what to cite.
    files
        Role → path of the file inside the installed package.
    build
        Turns the files' contents, by role, into what is stored.
    package
        Installed distribution that carries the files.
    """

    name: str
    kind: Kind
    meaning: str
    reference: str
    files: Mapping[str, str]
    build: Build = field(repr=False)
    package: str = PACKAGE


def _network(name: str, folder: str, meaning: str) -> ModelSource:
    roles = {"weights": "model.pt", "settings": "cli_args.json", "norm": "data_norm.json"}
    return ModelSource(
        name=name,
        kind=Kind.NETWORK,
        meaning=meaning,
        reference="SuperNNova: Möller & de Boissière 2020, MNRAS 491, 4277 (arXiv:1901.06384)",
        files={role: f"{_ROOT}/snn_models/{folder}/{file}" for role, file in roles.items()},
        build=lambda files: recurrent_network(
            files["weights"], json.loads(files["settings"]), json.loads(files["norm"])
        ),
    )


def _aad(band: str, trained_as: str, other: str) -> ModelSource:
    folder = f"{_ROOT}/anomaly_detection"
    return ModelSource(
        name=f"anomaly_{band}",
        kind=Kind.FOREST,
        meaning=f"Active anomaly discovery on features of the {band} band; the file calls it '{trained_as}'.",
        reference="Ishida et al. 2021, A&A 650, A195 (arXiv:1909.13260); coniferest",
        files={
            "forest": f"{folder}/anomaly_detection_forest_AAD.zip",
            "means": f"{folder}/{trained_as}_means.csv",
            "other_means": f"{folder}/{other}_means.csv",
        },
        build=lambda files: aad_forest(files, f"forest_{trained_as}_AAD.onnx"),
    )


MODELS: Mapping[str, ModelSource] = {
    source.name: source
    for source in (
        _network("snn_snia_vs_nonia", "snn_snia_vs_nonia", "Type Ia supernova against every other transient (ZTF)."),
        _network("snn_sn_vs_all", "snn_sn_vs_all", "Supernova of any type against everything else (ZTF)."),
        _network(
            "snn_elasticc_sn_vs_other", "elasticc_binary_broad/SN_vs_other", "Supernova against everything else (LSST)."
        ),
        ModelSource(
            name="cats",
            kind=Kind.NETWORK,
            meaning="Broad class of a light curve: SN-like, fast, long, periodic or AGN (LSST).",
            reference="Fraga et al. 2024, A&A 692, A208 (arXiv:2404.08798)",
            files={"network": f"{_ROOT}/cats_models/cats_small_nometa_serial.keras"},
            build=lambda files: cats_network(files["network"]),
        ),
        ModelSource(
            name="early_snia",
            kind=Kind.FOREST,
            meaning="Type Ia supernova before its maximum, from sigmoid fits of the rise in g and r (ZTF).",
            reference="Leoni et al. 2022, A&A 663, A13 (arXiv:2111.11438); Ishida et al. 2019 (arXiv:1804.03765)",
            files={"forest": f"{_ROOT}/default-model_sigmoid.obj"},
            build=lambda files: random_forest(files["forest"]),
        ),
        ModelSource(
            name="kilonova",
            kind=Kind.FOREST,
            meaning="Kilonova, from coefficients of three template curves in g and r (ZTF).",
            reference="Biswas et al. 2023, A&A 677, A77 (arXiv:2210.17433)",
            files={"forest": f"{_ROOT}/kn_diff_pc_sets.pkl", "components": f"{_ROOT}/mixed_pcs.csv"},
            build=lambda files: random_forest(files["forest"], components=files["components"]),
        ),
        # The files are named after fid 1 and 2 the wrong way round: the medians kept beside them (17.3 in 'r', 16.1
        # in 'g') are those of the other band, and the forests were trained and are used so.
        _aad("g", trained_as="r", other="g"),
        _aad("r", trained_as="g", other="r"),
    )
}


def source_of(name: str) -> ModelSource:
    """Return a model's source.

    Raises
    ------
    ModelError
        When no model has that name.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise ModelError(f"unknown model '{name}': there are {', '.join(MODELS)}") from None
