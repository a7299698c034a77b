"""Style sheet and scripts: few and small, kept in memory, sent compressed, cached for good."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, request, url_for

A_YEAR = 31536000  # seconds


@dataclass(frozen=True)
class Asset:
    """One file: its bytes, the same compressed, its type, and a mark of its content."""

    plain: bytes
    packed: bytes
    type: str
    mark: str


def read(path: Path) -> Asset:
    """Read one file."""
    plain = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(plain, gzip.compress(plain, 9), kind, hashlib.sha256(plain).hexdigest()[:12])


def init_app(app: Flask, folder: Path) -> None:
    """Serve the files in `folder` under names that change with their content."""
    names = ("style.css", "app.js", "vendor/htmx.min.js")
    assets = {name: read(folder / name) for name in names}

    @app.get("/static/<mark>/<path:name>", endpoint="static")
    def static(mark: str, name: str) -> Response:
        """Send one file."""
        asset = assets.get(name)
        if asset is None or mark != asset.mark:
            abort(404)
        packed = request.accept_encodings.best_match(["gzip"]) is not None
        response = Response(asset.packed if packed else asset.plain, mimetype=asset.type)
        if packed:
            response.content_encoding = "gzip"
        response.vary.add("Accept-Encoding")
        response.cache_control.public = True
        response.cache_control.max_age = A_YEAR
        response.cache_control.immutable = True
        return response

    app.jinja_env.globals["asset"] = lambda name: url_for(
        "static", mark=assets[name].mark, name=name
    )
