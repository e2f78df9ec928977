#!/bin/sh
# Usage: make-bundle.sh [--machine aarch64|x86_64] [--wheels FOLDER] [--out FOLDER]
# From a checkout: one file with which a box is installed and updated without a registry. Prints
# its name and SHA-256. Wheels are fetched and compared with the hashes of constraints.txt; with
# --wheels those of a folder are taken, whatever they are (trials, and machines without a network).
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
machine=aarch64
wheels=
out=.
pythons='3.11 3.13'
# All that extra `pi` asks for; lgpio, which has no wheel for each Python, comes apart.
packages='cffi colorzero cryptography gpiozero msgspec paho-mqtt pycparser setuptools tzdata'

stop() {
    printf '%s\n' "$1" "$2" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --machine) machine=$2 && shift 2 ;;
    --wheels) wheels=$2 && shift 2 ;;
    --out) out=$2 && shift 2 ;;
    *) stop "Không có tuỳ chọn $1." "There is no option $1." ;;
    esac
done
case $machine in
aarch64 | x86_64) ;;
*) stop "Không làm gói cho máy $machine." "No bundle is made for $machine." ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bundle/wheels" "$work/bundle/deploy" "$out"

if [ -n "$wheels" ]; then
    cp "$wheels"/*.whl "$work/bundle/wheels/"
else
    tools=$tree/.venv-tools/bin
    [ -x "$tools/uv" ] || stop "Hãy chạy make test hoặc make demo trước." "Run make test or make demo first."
    pins_of() {
        for package in "$@"; do
            # Markers name the machine of the bundle, not this one.
            sed -n "/^$package==/,/[^\\\\]\$/p" "$tree/constraints.txt" | sed 's/ ; [^\\]*/ /'
        done
    }
    fetch() {
        # shellcheck disable=SC2046 # one option a platform
        "$tools/python" -m pip download --quiet --disable-pip-version-check --no-deps \
            --only-binary=:all: --require-hashes --requirement "$1" \
            --implementation cp --python-version "$2" \
            $(for tag in manylinux2014 manylinux_2_28 manylinux_2_31 manylinux_2_34; do
                echo "--platform ${tag}_$machine"
            done) --dest "$work/bundle/wheels"
    }
    # shellcheck disable=SC2086 # a word a package
    pins_of $packages >"$work/pins.txt"
    pins_of lgpio >"$work/lgpio.txt"
    for python in $pythons; do
        fetch "$work/pins.txt" "$python"
        fetch "$work/lgpio.txt" "$python" 2>/dev/null ||
            echo "lgpio: không có cho Python $python, sẽ lấy của hệ điều hành / none for Python $python, the system's will do" >&2
    done
    "$tools/uv" build --quiet --wheel --build-constraints "$tree/constraints.txt" \
        --out-dir "$work/bundle/wheels" "$tree"
    rm -f "$work/bundle/wheels/.gitignore"
fi

set -- "$work"/bundle/wheels/loalang-*.whl
{ [ $# = 1 ] && [ -f "$1" ]; } || stop "Cần đúng một gói loalang." "Exactly one wheel of loalang is needed."
version=$(basename "$1" | cut -d- -f2)
for file in install.sh loalang-agent agent.toml system.conf journald.conf 99-loalang-stick.rules \
    loalang-agent.service loalang-agent-pair.service loalang-agent-update.service \
    loalang-agent-update.path loalang-agent-reboot.service loalang-agent-reboot.path; do
    cp "$here/$file" "$work/bundle/deploy/$file"
done
printf '%s\n' format=1 "version=$version" "machine=$machine" >"$work/bundle/BUNDLE"
(cd "$work/bundle" && find . -type f | sed 's|^\./||' | LC_ALL=C sort |
    xargs sha256sum) >"$work/MANIFEST"
mv "$work/MANIFEST" "$work/bundle/MANIFEST"

name=$out/loalang-agent-$version-$machine.tar.gz
(cd "$work/bundle" && tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
    --mode=u=rwX,go=rX -cf - -- *) | gzip -n >"$name.new"
mv "$name.new" "$name"
sha256sum "$name"
