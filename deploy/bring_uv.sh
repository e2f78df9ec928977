#!/bin/sh
# Usage: bring_uv.sh PYTHON FOLDER. Puts the uv pinned in constraints.txt into FOLDER/bin.
# Needs Python 3.11 to 3.13 with venv; as root on Debian, venv is installed if it is missing.
set -eu
python=$1
folder=$2

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}
has_venv() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null
}

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || stop \
    "Cần Python 3.11 đến 3.13, nhưng \"$python\" không phải. Chọn bản khác: make PYTHON=/đường/dẫn/python3" \
    "Python 3.11 to 3.13 is needed and \"$python\" is not one. Name another: make PYTHON=/path/to/python3"

if ! has_venv && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo 'Đang cài python3-venv / installing python3-venv' >&2
    apt-get update -qq || echo 'apt-get update: một phần danh mục không tải được / some lists were not fetched' >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv \
        >/dev/null
fi
has_venv || stop \
    "Python này thiếu venv. Hãy gõ rồi chạy lại: sudo apt-get install python3-venv" \
    "This Python lacks venv. Type this, then try again: sudo apt-get install python3-venv"

"$python" -m venv --clear "$folder"
sed -n '/^uv==/,/[^\\]$/p' constraints.txt >"$folder/uv.txt"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$folder/uv.txt"
