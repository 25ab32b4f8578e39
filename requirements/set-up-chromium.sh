#!/bin/sh
# Print the path of a Chromium for the browser tests, and install one where that is possible:
#   $CHROMIUM, else one that is installed; else Debian's package, as root; else that of an npm package, or of Playwright.
set -eu
cd "$(dirname "$0")/.."
python=${VENV:-.venv}/bin/python
folder=$PWD/.express-sync/chromium
npm_package=@sparticuz/chromium@153.0.0

find_chromium() {
  for candidate in "${CHROMIUM:-}" chromium chromium-browser chromium-headless-shell google-chrome google-chrome-stable "$folder/chromium"; do
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

# The package has the program compressed, and unpacks it into the folder for temporary files.
install_from_npm() {
  command -v npm >/dev/null && command -v node >/dev/null || return
  echo "Installing Chromium with npm (once) ..." >&2
  mkdir -p "$folder"
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund "$npm_package" >/dev/null 2>&1 &&
    (cd "$folder" && TMPDIR=$folder node --input-type=module >/dev/null 2>&1 --eval \
      'import chromium from "@sparticuz/chromium"; await chromium.executablePath()')
}

download() {
  echo "Downloading Chromium with Playwright (once) ..." >&2
  "$python" -m playwright install --only-shell chromium >/dev/null 2>&1
}

find_chromium && exit
install_package && find_chromium && exit
install_from_npm && find_chromium && exit
download && find_chromium && exit
echo "The browser tests need Chromium; install it (Debian, Ubuntu: apt install chromium fonts-wqy-zenhei), or name it: CHROMIUM=/path/to/chromium" >&2
exit 2
