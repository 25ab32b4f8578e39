"""Serves the files of the pages without what only their readers need: comments and the indentation of lines."""

import mimetypes
import re
from functools import lru_cache
from hashlib import sha256
from os import PathLike, stat_result
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

# A comment begins a line, and no text in the files goes over several lines (tested).
_COMMENTS = re.compile(r"^\s*/\*.*?\*/$|^\s*//.*?$", re.DOTALL | re.MULTILINE)
_WITH_COMMENTS = (".js", ".css")


class CompactFiles(StaticFiles):
    """Files of text, compacted when they are first asked for."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file, or the answer that the browser has it already."""
        content, tag = _content(Path(full_path), stat_result.st_mtime_ns)
        media_type = mimetypes.guess_type(full_path)[0] or "text/plain"
        response = Response(content, status_code, {"ETag": tag}, media_type)
        is_known = self.is_not_modified(response.headers, Headers(scope=scope))
        return NotModifiedResponse(response.headers) if is_known else response


def compacted(name: str, text: str) -> str:
    """Return the text of a file without comments, indentation and empty lines."""
    text = _COMMENTS.sub("", text) if name.endswith(_WITH_COMMENTS) else text
    return "\n".join(line for each in text.splitlines() if (line := each.strip()))


@lru_cache(maxsize=256)
def _content(path: Path, _changed_at: int) -> tuple[bytes, str]:
    content = compacted(path.name, path.read_text(encoding="utf-8")).encode()
    return content, f'"{sha256(content).hexdigest()[:32]}"'
