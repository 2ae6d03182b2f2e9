# `make` shows what there is; `make demo` is the main job, `make test` the tests.
UV_VERSION := 0.9.7
UV := .runtime/uv/bin/uv
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
