"""The places of files, in a checkout and in an installed wheel, whose data is in `express_sync/data`."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_DATA = _PACKAGE / "data"

IS_INSTALLED = _DATA.is_dir()
CODE = _PACKAGE.parent  # the directory that contains the package `handler`
ROOT = _DATA if IS_INSTALLED else CODE
TEMPLATE = ROOT / "template.yml"
EVENTS = ROOT / "events"
