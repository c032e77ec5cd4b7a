"""Files that a browser sends to a page: how long one may be, and its content.

A browser sends the file itself, never a path.
"""

from __future__ import annotations

import base64
import binascii

from explorer.config import Server
from explorer.errors import UploadError


def most_bytes(server: Server) -> int:
    """How long a file may be that a browser sends: base64 makes it a third longer, and the request has more in it."""
    return max(0, (server.max_request_mb << 20) * 3 // 4 - (64 << 10))


def content_of(contents: str, limit: int) -> bytes:
    """The bytes of a file as a browser sends it: ``data:...;base64,...``.

    Raises:
        UploadError: it is nothing of the kind, or longer than ``limit`` bytes.
    """
    try:
        content = base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        raise UploadError("the file did not arrive whole; send it again") from None
    if len(content) > limit:
        raise UploadError(
            f"a file of {len(content) >> 20} MB is too long to send, at most {limit >> 20} MB; name it on the command "
            "line or in the configuration"
        )
    return content
