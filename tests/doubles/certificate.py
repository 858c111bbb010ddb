"""A certificate of our own for 127.0.0.1 and `localhost`, and its key, for doubles that speak TLS. It opens nothing."""

import ssl
from pathlib import Path

_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT7o+ipGJkOQ+blZW
sPK+zOPt9BzABDtm6NhOcP6lIBehRANCAAQRnYaawiLSDqugjGGJeV3eSJb31KV+
zJeJFgFNw7fNM5dj6M/ECuz2MZVVr1UW/ge98cV+v+kFe+i6TVLU7UYk
-----END PRIVATE KEY-----
"""
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIUZTclFcdyZQ/chfXkDGYx9cB9SLwwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPaHlicmlkLWxzcCB0ZXN0MCAXDTI2MTEyMzExMzIxNloYDzIx
MjYxMDMwMTEzMjE2WjAaMRgwFgYDVQQDDA9oeWJyaWQtbHNwIHRlc3QwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQRnYaawiLSDqugjGGJeV3eSJb31KV+zJeJFgFN
w7fNM5dj6M/ECuz2MZVVr1UW/ge98cV+v+kFe+i6TVLU7UYko28wbTAdBgNVHQ4E
FgQUUJyiDqq6JmH6c1RS4Zcqp5i6kWEwHwYDVR0jBBgwFoAUUJyiDqq6JmH6c1RS
4Zcqp5i6kWEwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2Nh
bGhvc3QwCgYIKoZIzj0EAwIDSAAwRQIgbbkvzN+e8XEdFLrFXkxFBrr5GH4jdYAZ
MHcIWQtmXF0CIQD2CDIsdNV0XkaGnTU9hGC/cxUz72MwRZ27yv47PMQx0Q==
-----END CERTIFICATE-----
"""


def server_context(folder: Path) -> ssl.SSLContext:
    """Return what a server needs to be this certificate's owner; writes it down in `folder`."""
    path = folder / "server.pem"
    path.write_text(_KEY + CERTIFICATE, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
