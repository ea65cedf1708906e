"""Request signatures for APIs that need them: AWS Signature V4, by botocore."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from warehouse.errors import GpuledgerError

AWS_SESSION_TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105 - the name of a variable
"""The variable with the token that goes with a temporary key."""


class SigningUnavailable(GpuledgerError):
    """The library that signs is not installed."""


def aws_signature(url: str, key: str, secret: str, token: str | None = None) -> dict[str, str]:
    """The headers of a signed GET (Signature Version 4) of an address like https://ec2.us-east-1.amazonaws.com/?...

    Service and region are the first two labels of the host; `token` goes with a temporary key. Raises
    SigningUnavailable without botocore, which the extra `aws` installs.
    """
    try:
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - an extra
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.credentials import Credentials  # noqa: PLC0415
    except ImportError as problem:
        raise SigningUnavailable("signing for AWS needs botocore: pip install 'gpuledger[aws]'") from problem
    service, region = str(urlsplit(url).hostname).split(".")[:2]
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
    return dict(request.headers.items())
