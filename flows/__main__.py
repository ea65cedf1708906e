"""`python -m flows`, the same as `gpuledger`."""

from flows.cli.app import app

if __name__ == "__main__":
    app()
