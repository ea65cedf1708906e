"""Flows: the pipeline, its scheduling, and the `gpuledger` command."""

from importlib.metadata import version

VERSION = version("gpuledger")
