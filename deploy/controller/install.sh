#!/bin/sh
# Installs and updates the office's controller on Debian 12 or 13, as root, from the tree it is in:
#   deploy/controller/install.sh [--public NAME] [--name NAME] [--with EXTRAS] [--no-packages]
#   --public NAME   pages under this public name, by Caddy (else: own TLS on the office's network)
#   --name NAME     first names this machine NAME, so that browsers and boxes find NAME.local
#   --with EXTRAS   also: online, piper, mms, s3 (with commas between)
#   --root FOLDER   lays everything in a folder and touches no package, user or machine name
# Done twice it changes nothing. A version that does not come up is taken back, and the database of
# before with it; nothing is deleted.
set -eu
umask 022

root=
public=
name=
extras=controller
packages=yes
tree=$(cd "$(dirname "$0")/../.." && pwd)

home=/opt/loalang-controller
state=/var/lib/loalang-controller
settings=/etc/loalang/controller.env
user=loalang-controller
unit=loalang.service
# Measured: 4 s to the first answer on 2 cores; a Raspberry Pi is ten times slower.
healthy_within_s=${LOALANG_HEALTHY_WITHIN_S:-90}
tried_within_s=180
# So long it must go on answering before the former version is let go.
stays_s=${LOALANG_STAYS_S:-5}
keeps=3

say() {
    printf '%s / %s\n' "$1" "$2" >&2
}
stop() {
    printf '✗ %s\n  %s\n' "$1" "$2" >&2
    exit 1
}

read_line() {
    while [ $# -gt 0 ]; do
        case $1 in
        --public | --name | --with | --root)
            [ -n "${2-}" ] || stop "Tuỳ chọn $1 thiếu giá trị." "The option $1 lacks its value."
            case $1 in
            --public) public=$2 ;;
            --name) name=$2 ;;
            --with) extras=controller,$2 ;;
            --root) root=$(cd "$2" 2>/dev/null && pwd) || stop "Không có thư mục $2." "There is no folder $2." ;;
            esac
            shift
            ;;
        --no-packages) packages=no ;;
        *) stop "Không có tuỳ chọn $1." "There is no option $1." ;;
        esac
        shift
    done
    case $public$name in
    *[!0-9A-Za-z.-]*) stop "Tên máy chỉ gồm chữ, số, chấm và gạch." "A name has letters, digits, dots and hyphens." ;;
    esac
    case $extras in
    *[!a-z0-9,]*) stop "--with chỉ nhận: online,piper,mms,s3." "--with takes: online,piper,mms,s3." ;;
    esac
}

is_here() { [ -z "$root" ]; }
runs_services() { [ -n "${LOALANG_SYSTEMCTL-}" ] || { is_here && [ -d /run/systemd/system ]; }; }
service() { "${LOALANG_SYSTEMCTL:-systemctl}" "$@"; }
as_user() {
    if is_here; then setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"; else "$@"; fi
}
# The value of a setting.
setting() {
    sed -n "s/^LOALANG_$1=//p" "$root$settings" | tail -n 1
}

check_machine() {
    for each in pyproject.toml constraints.txt README.md LICENSE deploy/bring_uv.sh controller edge_agent; do
        [ -e "$tree/$each" ] || stop "$tree không phải mã nguồn Loa Làng đầy đủ. Chưa có gì bị thay đổi." \
            "$tree is not the whole source of Loa Làng. Nothing was changed."
    done
    is_here || return 0
    [ "$(id -u)" = 0 ] || stop "Cần quyền root: sudo sh $0 …. Chưa có gì bị thay đổi." \
        "This needs root: sudo sh $0 …. Nothing was changed."
    # shellcheck disable=SC1091 # of this machine
    system=$(. /etc/os-release 2>/dev/null && echo "${ID-} ${VERSION_ID-}") || system=
    case $system in
    "debian 12" | "debian 13" | "raspbian 12" | "raspbian 13") ;;
    *) stop "Cần Debian 12 hay 13, máy này là \"$system\". Chưa có gì bị thay đổi." \
        "Debian 12 or 13 is needed; this is \"$system\". Nothing was changed." ;;
    esac
    free_kb=$(df -Pk /opt | awk 'NR == 2 {print $4}')
    [ "$free_kb" -ge 1500000 ] || stop "Đĩa chỉ còn $free_kb KB ở /opt, cần 1500000 KB. Chưa có gì bị thay đổi." \
        "Only $free_kb KB are free in /opt, 1500000 KB are needed. Nothing was changed."
}

install_packages() {
    is_here && [ "$packages" = yes ] || return 0
    wanted="python3 python3-venv mosquitto avahi-daemon avahi-utils libnss-mdns"
    [ -z "$public" ] || wanted="$wanted caddy"
    missing=
    for each in $wanted; do
        dpkg-query -W -f '${db:Status-Status}' "$each" 2>/dev/null | grep -qx installed || missing="$missing $each"
    done
    [ -n "$missing" ] || return 0
    say "Đang cài:$missing" "installing:$missing"
    apt-get update -qq || say "Một phần danh mục không tải được" "some lists were not fetched"
    # Its own service would take the port of ours, which is a child of the controller.
    case $missing in *mosquitto*) mask=yes ;; *) mask=no ;; esac
    [ $mask = no ] || [ -e /etc/systemd/system/mosquitto.service ] ||
        { mkdir -p /etc/systemd/system && ln -s /dev/null /etc/systemd/system/mosquitto.service; }
    # shellcheck disable=SC2086 # several words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
        stop "apt-get không cài được:$missing. Hãy xem lỗi ở trên rồi chạy lại." \
            "apt-get could not install:$missing. See the error above, then run this again."
}

make_user() {
    is_here || return 0
    getent passwd "$user" >/dev/null || useradd --system --user-group --home-dir "$state" \
        --no-create-home --shell /usr/sbin/nologin "$user"
}

# Names the code as a whole: the same code is the same version, whenever it is installed.
version_here() {
    number=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$tree/pyproject.toml" | head -n 1)
    digest=$(cd "$tree" && find audio_library schedules edge_agent controller pyproject.toml constraints.txt \
        -type f ! -name '*.pyc' -exec sha256sum {} + | LC_ALL=C sort -k 2 | { cat && echo "$extras"; } | sha256sum | cut -c1-12)
    echo "$number-$digest"
}

build() {
    uv=$root$home/tools/bin/uv
    "$uv" venv --quiet --python "$(python3 -c 'import sys; print(sys.executable)')" "$target" &&
        "$uv" pip install --quiet --compile-bytecode --python "$target/bin/python" \
            --constraints constraints.txt --build-constraints constraints.txt "${tree}[$extras]" &&
        "$target/bin/loalang" --help >/dev/null &&
        "$target/bin/python" -c 'import controller.app, controller.cli.serve'
}

lay_version() {
    target=$root$home/versions/$version
    [ ! -e "$target/.whole" ] || return 0
    say "Đang dựng bản $version" "building version $version"
    rm -rf "$target"
    mkdir -p "$root$home/versions"
    cd "$tree"
    pinned=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' constraints.txt)
    [ "$("$root$home/tools/bin/uv" --version 2>/dev/null | cut -d ' ' -f 2)" = "$pinned" ] ||
        sh deploy/bring_uv.sh python3 "$root$home/tools"
    UV_PYTHON_DOWNLOADS=never UV_CACHE_DIR="$root$home/cache"
    export UV_PYTHON_DOWNLOADS UV_CACHE_DIR
    build || {
        rm -rf "$target"
        stop "Không dựng được bản $version (xem ở trên). Bản đang chạy không bị động đến." \
            "Version $version could not be built (see above). The version that runs was not touched."
    }
    : >"$target/.whole"
}

# Puts the file $1 at $2 with mode $3 unless it is so already; $changed tells of any.
changed=
put() {
    if ! cmp -s "$1" "$2"; then
        mkdir -p "$(dirname "$2")"
        install -m "$3" "$1" "$2.new"
        mv "$2.new" "$2"
        changed="$changed $2"
    fi
}

lay_settings() {
    mkdir -p "$root/etc/loalang"
    if [ ! -e "$root$settings" ]; then
        sed "s|=/var/lib/|=$root/var/lib/|" "$tree/deploy/controller/controller.env" >"$root$settings.new"
        [ -z "$public" ] || echo "LOALANG_HOSTNAMES=$public" >>"$root$settings.new"
        chmod 0640 "$root$settings.new"
        ! is_here || chgrp "$user" "$root$settings.new"
        mv "$root$settings.new" "$root$settings"
    fi
    mkdir -p "$root$state"
    chmod 0700 "$root$state"
    ! is_here || chown "$user:$user" "$root$state"
    data=$(setting DATA_DIR)
}

lay_surroundings() {
    put "$tree/deploy/controller/$unit" "$root/etc/systemd/system/$unit" 0644
    put "$tree/deploy/controller/loalang" "$root/usr/local/bin/loalang" 0755
    put "$tree/deploy/controller/avahi.service" "$root/etc/avahi/services/loalang.service" 0644
    if [ -n "$public" ]; then
        caddyfile=$root/etc/caddy/Caddyfile
        made=$(mktemp)
        sed "s/{\$LOALANG_NAME}/$public/" "$tree/deploy/controller/Caddyfile" >"$made"
        # Whoever uses Caddy for something else adds our lines by hand.
        if [ ! -e "$caddyfile" ] || grep -q 'reverse_proxy 127.0.0.1:8077\|/usr/share/caddy' "$caddyfile"; then
            put "$made" "$caddyfile" 0644
            ! runs_services || service reload-or-restart caddy.service
        else
            say "Giữ nguyên $caddyfile: hãy tự thêm nội dung deploy/controller/Caddyfile" \
                "$caddyfile is left alone: add deploy/controller/Caddyfile by hand"
        fi
        rm -f "$made"
    fi
    if [ -n "$name" ] && is_here; then
        [ "$(cat /etc/hostname 2>/dev/null)" = "$name" ] || {
            echo "$name" >/etc/hostname
            hostname "$name" 2>/dev/null || true
            changed="$changed /etc/hostname"
            ! runs_services || service try-restart avahi-daemon.service
        }
    fi
    [ -z "$changed" ] || ! runs_services || service daemon-reload
}

# Runs the new version on a copy of the data, unseen by any box, while the old one serves on.
try_on_a_copy() {
    [ -f "$data/loalang.sqlite3" ] || return 0
    say "Đang thử bản mới trên bản sao của dữ liệu" "trying the new version on a copy of the data"
    trial=$root$state/trial
    rm -rf "$trial"
    as_user mkdir -m 0700 "$trial"
    as_user "$target/bin/python" -c '
import sqlite3, sys
live, copy = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2])
live.execute("begin"); live.execute("select count(*) from sqlite_schema").fetchone()
live.backup(copy); copy.close()' "$data/loalang.sqlite3" "$trial/loalang.sqlite3" || return 1
    for each in keys ca; do
        [ ! -d "$data/$each" ] || as_user cp -a "$data/$each" "$trial/$each"
    done
    # No tariff, no bucket, no port of ours: only whether it starts on what is there.
    as_user env -i PATH="$PATH" HOME="$trial" LANG=C.UTF-8 LOALANG_DATA_DIR="$trial" LOALANG_HTTP_PORT=0 \
        "$target/bin/loalang" serve >"$trial.log" 2>&1 &
    trial_process=$!
    tried=1
    waited=0
    while [ $waited -lt $((tried_within_s * 5)) ] && kill -0 $trial_process 2>/dev/null; do
        url=$(sed -n 's/^Loa Làng .*: \(http.*\)$/\1/p' "$trial.log")
        if [ -n "$url" ] && answers "$url"; then
            tried=0
            break
        fi
        sleep 0.2
        waited=$((waited + 1))
    done
    kill $trial_process 2>/dev/null || true
    wait $trial_process 2>/dev/null || true
    [ $tried = 0 ] || tail -n 15 "$trial.log" >&2
    rm -rf "$trial" "$trial.log"
    return $tried
}

answers() {
    "$target/bin/python" -c '
import sys
from urllib.request import urlopen
urlopen(sys.argv[1] + "/healthz", timeout=4)' "$1" 2>/dev/null
}

is_healthy() {
    port=$(setting HTTP_PORT)
    service is-active --quiet $unit && answers "http://127.0.0.1:${port:-8077}"
}

comes_up() {
    waited=0
    while ! is_healthy; do
        [ $waited -lt $((healthy_within_s * 5)) ] || return 1
        sleep 0.2
        waited=$((waited + 1))
    done
    sleep "$stays_s"
    is_healthy
}

point_to() {
    ln -sfn "$1" "$root$home/.current"
    mv -T "$root$home/.current" "$root$home/current"
}

# With the service stopped: what the new version may change, as it is now.
keep_way_back() {
    way_back=$root$state/way-back/$(date -u +%Y%m%dT%H%M%S)
    as_user mkdir -p "$way_back"
    for each in "$data"/loalang.sqlite3 "$data"/loalang.sqlite3-wal "$data"/keys "$data"/ca; do
        [ ! -e "$each" ] || as_user cp -a --reflink=auto "$each" "$way_back/" ||
            { rm -rf "$way_back" && return 1; }
    done
}

schema_of() {
    "$target/bin/python" -c '
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("select version_num from alembic_version").fetchone()[0])' "$1" 2>/dev/null || echo unknown
}

go_back() {
    say "Bản $version không chạy được, quay về bản $former" "version $version did not come up, going back to $former"
    service stop $unit || true
    # Reports that it took meanwhile were acknowledged to boxes: they stay where the old can read them.
    if [ "$(schema_of "$data/loalang.sqlite3")" != "$(schema_of "$way_back/loalang.sqlite3")" ]; then
        failed=$root$state/failed-$(basename "$way_back")
        as_user mkdir -p "$failed"
        for each in loalang.sqlite3 loalang.sqlite3-wal loalang.sqlite3-shm keys ca; do
            [ ! -e "$data/$each" ] || as_user mv "$data/$each" "$failed/"
        done
        for each in "$way_back"/*; do
            as_user cp -a --reflink=auto "$each" "$data/"
        done
        say "Dữ liệu của bản không chạy được: $failed" "the data of the version that failed: $failed"
    fi
    point_to "versions/$former"
    service start $unit
    target=$root$home/versions/$former
    healthy_within_s=$tried_within_s
    comes_up || stop "Bản cũ $former cũng không lên. Xem: journalctl -u loalang. Dữ liệu: $data, $way_back" \
        "The former version $former does not come up either. See: journalctl -u loalang. Data: $data, $way_back"
    stop "Đã quay về bản $former, đang chạy. Bản $version bị từ chối; xem: journalctl -u loalang" \
        "Version $former is back and runs. Version $version was refused; see: journalctl -u loalang"
}

tidy() {
    # shellcheck disable=SC2012 # names of our own making
    ls -1dr "$root$state"/way-back/* 2>/dev/null | tail -n +$((keeps + 1)) | while read -r each; do rm -rf "$each"; done
    for each in "$root$home"/versions/*; do
        case ${each##*/} in "$version" | "$former") ;; *) rm -rf "$each" ;; esac
    done
}

first_account() {
    [ -z "$former" ] && [ ! -e "$data/loalang.sqlite3" ] || return 0
    (
        set -a
        # shellcheck disable=SC1090 # the settings
        . "$root$settings"
        as_user "$target/bin/loalang" first-account
    )
}

switch_version() {
    former=$(readlink "$root$home/current" 2>/dev/null || true)
    former=${former#versions/}
    if [ "$former" = "$version" ]; then
        runs_services || return 0
        service is-active --quiet $unit || service start $unit
        comes_up || stop "Bản $version đã cài nhưng không trả lời. Xem: journalctl -u loalang" \
            "Version $version is installed but does not answer. See: journalctl -u loalang"
        return 0
    fi
    if [ -z "$former" ]; then
        first_account
        point_to "versions/$version"
        runs_services || return 0
        service enable --quiet $unit
        service start $unit
        comes_up || stop "Bản $version không lên. Xem: journalctl -u loalang. Dữ liệu giữ nguyên ở $data" \
            "Version $version does not come up. See: journalctl -u loalang. The data stays in $data"
        return 0
    fi
    [ -z "$(setting DATABASE_URL)" ] || stop \
        "Cơ sở dữ liệu ở nơi khác: hãy tự sao lưu (loalang backup), dừng dịch vụ, rồi nối $home/current sang versions/$version." \
        "The database is elsewhere: back it up (loalang backup), stop the service, then link $home/current to versions/$version."
    try_on_a_copy || stop "Bản $version không chạy được trên bản sao dữ liệu (xem ở trên). Bản $former vẫn chạy, không có gì bị thay đổi." \
        "Version $version does not run on a copy of the data (see above). Version $former runs on; nothing was changed."
    if ! runs_services; then
        point_to "versions/$version"
        return 0
    fi
    # A line that breaks off now must not leave the office switched off.
    trap '' HUP INT
    service stop $unit
    keep_way_back || {
        service start $unit
        stop "Không đủ chỗ để giữ đường lui trong $state. Bản $former chạy tiếp." \
            "There is no room for the way back in $state. Version $former runs on."
    }
    point_to "versions/$version"
    service start $unit
    comes_up || go_back
    trap - HUP INT
    tidy
}

read_line "$@"
check_machine
install_packages
make_user
version=$(version_here)
lay_settings
lay_version
lay_surroundings
switch_version
where=https://${public:-$(hostname).local:$(setting HTTPS_PORT)}
say "Xong: bản $version. Trang làm việc: $where" "done: version $version. The desk: $where"
