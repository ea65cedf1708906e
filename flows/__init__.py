"""What runs: the nightly flow, the hourly market, replay, the demo, and the gpuledger command."""

from importlib.metadata import version

VERSION = version("gpuledger")
