#!/bin/sh
# Print the path of a Chromium for the browser tests, and install one where that is possible:
#   $CHROMIUM, else one that is installed; else Debian's package, as root; else the one that Playwright downloads.
set -eu
cd "$(dirname "$0")/.."
python=${VENV:-.venv}/bin/python

find_chromium() {
  for candidate in "${CHROMIUM:-}" chromium chromium-browser chromium-headless-shell google-chrome google-chrome-stable; do
    [ -n "$candidate" ] && command -v "$candidate" && return
  done
  "$python" - <<'PYTHON'
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
print(path) if pathlib.Path(path).exists() else sys.exit(1)
PYTHON
}

# fonts-wqy-zenhei draws the Chinese texts.
install_package() {
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return
  echo "Installing Debian's packages chromium and fonts-wqy-zenhei (once) ..." >&2
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install chromium fonts-wqy-zenhei; } >/dev/null 2>&1
}

download() {
  echo "Downloading Chromium with Playwright (once) ..." >&2
  "$python" -m playwright install --only-shell chromium >/dev/null 2>&1
}

find_chromium && exit
install_package && find_chromium && exit
download && find_chromium && exit
echo "The browser tests need Chromium; install it (Debian, Ubuntu: apt install chromium fonts-wqy-zenhei), or name it: CHROMIUM=/path/to/chromium" >&2
exit 2
