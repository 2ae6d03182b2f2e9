"""Trained models: read without trusting their files, converted once, run by numpy and ONNX Runtime alone."""

from fink_lib.science.models.forest import Forest
from fink_lib.science.models.sources import MODELS, Kind, ModelSource
from fink_lib.science.models.store import ModelFacts, ensure, load_forest, load_network

__all__ = ["MODELS", "Forest", "Kind", "ModelFacts", "ModelSource", "ensure", "load_forest", "load_network"]
