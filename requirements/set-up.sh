#!/bin/sh
# Set up the virtual environment of this checkout, unless it is up to date:
#   requirements/set-up.sh run    the command line
#   requirements/set-up.sh dev    the command line and the tools that test it
#   requirements/set-up.sh bench  all of these, and what draws and simulates
# $VENV is the folder of the environment (default: .venv), $PYTHON the interpreter that creates it.
set -eu
cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
case $venv in /*) place=$venv ;; *) place=$PWD/$venv ;; esac

fail() {
  printf '%s\n' "$1" >&2
  exit 2
}

# Print whether an interpreter can be used: tested, newer (than what is tested), bare (without venv) or old.
usability() {
  "$1" -c 'import sys
version = sys.version_info[:2]
try:
    import ensurepip, venv
    print("old" if version < (3, 10) else "tested" if version < (3, 14) else "newer")
except ImportError:
    print("old" if version < (3, 10) else "bare")' 2>/dev/null || echo missing
}

find_python() {
  if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11 python3.10; fi
  python='' newer='' bare=''
  for candidate; do
    case $(usability "$candidate") in
      tested) python=$candidate && return ;;
      newer) newer=${newer:-$candidate} ;;
      bare) bare=${bare:-$candidate} ;;
    esac
  done
  python=$newer
  [ -n "$python" ] && return
  [ -z "$bare" ] || fail "$bare has no module venv; install it (Debian, Ubuntu: apt install python3-venv), or name another Python: make PYTHON=/path/to/python3"
  fail "Python 3.10 or newer is needed; install it, or name it: make PYTHON=/path/to/python3"
}

is_recorded() { [ "$(cat "$venv/.$1" 2>/dev/null)" = "$2" ]; }
record() { printf '%s\n' "$2" > "$venv/.$1"; }

# The programs of an environment contain its path, so that it cannot be used after the checkout was moved or copied.
# One in which an installation has not ended may have halves of packages, which pip and uv would take for installed.
create() {
  is_recorded place "$place" && [ ! -e "$venv/.unfinished" ] && "$venv/bin/python" -c '' 2>/dev/null && return
  find_python
  mkdir -p "$venv" 2>/dev/null && [ -w "$venv" ] ||
    fail "$place cannot be written; copy the checkout to a folder that you can write to"
  echo "Setting up $venv with $python (once) ..."
  output=$("$python" -m venv --clear "$venv" 2>&1) || {
    echo "$output" >&2
    fail "$python cannot create $place, see above; name another Python: make PYTHON=/path/to/python3"
  }
  record place "$place"
}

# Show the output of pip only after a failure: its warnings, of an index it cannot reach for example, may explain it.
pip_install() {
  output=$("$venv/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps "$@" 2>&1) && return
  echo "$output" >&2
  rm "$venv/.unfinished" # pip undoes what it has begun, so that an environment that worked still does
  fail "The set-up failed, see above; it needs a package index that pip can reach, and Python 3.10 to 3.13"
}

# pip has more settings and runs on more platforms than uv, so it takes over what uv cannot do, and explains what fails.
install_packages() {
  if [ -n "$with_uv" ]; then
    "$venv/bin/python" tools/uv_install.py "$venv" "$@" >"$venv/uv.log" 2>&1 && return
    echo "  pip does it, which takes longer, because uv cannot (see $venv/uv.log) ..."
    with_uv=''
  fi
  pip_install "$@"
}

# The locks are complete, so nothing is resolved: a release made after a lock must not change the set-up.
install() {
  lock=requirements/$1.txt
  contents=$(cat "$lock" pyproject.toml | cksum)
  is_recorded "$1" "$contents" && return
  echo "  installing $(grep -c == "$lock") packages: $2 ..."
  : > "$venv/.unfinished"
  install_packages --require-hashes -r "$lock"
  [ "$1" != run ] || install_packages --no-build-isolation --editable .
  record "$1" "$contents"
  rm "$venv/.unfinished"
}

# What a user has set for pip in general must not lead it away from the environment.
export PIP_USER=0
unset PIP_TARGET PIP_PREFIX PIP_ROOT
with_uv=yes
create
install run "the command line"
[ "${1:-run}" = run ] || install dev "the tools for the tests"
[ "${1:-run}" != bench ] || install bench "the libraries that draw and simulate"
