"""`python -m flows`, the same as `gpuledger`."""

from flows.cli import app

if __name__ == "__main__":
    app()
