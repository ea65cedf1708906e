"""The commands of `gpuledger` by what they are for; cli.py puts them together.

Heavy imports stand inside the commands, so that --help answers at once.
"""
