#!/bin/sh
# Installs and updates the box in the village, on Raspberry Pi OS and Debian 12 or 13, as root:
#   install.sh BUNDLE [--rtc ds3231|pcf8523|pcf85063|rv3028] [--no-packages] [--root FOLDER]
# Done twice it changes nothing. With --root it prepares the system in a folder (an image).
# What the updater asks of the version it trusts:
#   install.sh --lay BUNDLE [--root FOLDER]      a version beside the others; prints its number
#   install.sh --settle VERSION [--root FOLDER]  its units, and the way to it; starts nothing
set -eu
umask 022

root=
bundle=
rtc=
packages=yes
do=install
settle=
work=

home=/opt/loalang-agent
debian_packages='python3-venv mpv alsa-utils avahi-utils libnss-mdns'

say() {
    printf '%s / %s\n' "$1" "$2" >&2
}
stop() {
    printf '✗ %s\n  %s\n' "$1" "$2" >&2
    exit 1
}
# shellcheck disable=SC2317 # the trap calls it
ended() {
    status=$?
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}
trap ended EXIT

read_line() {
    while [ $# -gt 0 ]; do
        case $1 in
        --root)
            root=$(cd "${2:?}" 2>/dev/null && pwd) || stop "Không có thư mục $2." "There is no folder $2."
            [ "$root" != / ] || root=
            shift
            ;;
        --rtc)
            case ${2-} in
            ds3231 | pcf8523 | pcf85063 | rv3028) rtc=$2 ;;
            *) stop "Không biết đồng hồ RTC ${2-}." "The clock chip ${2-} is not known." ;;
            esac
            shift
            ;;
        --no-packages) packages=no ;;
        --lay) do=lay && bundle=${2:?} && shift ;;
        --settle) do=settle && settle=${2:?} && shift ;;
        -*) stop "Không có tuỳ chọn $1." "There is no option $1." ;;
        *) bundle=$1 ;;
        esac
        shift
    done
    [ "$do" = settle ] || [ -n "$bundle" ] ||
        stop "Thiếu tệp gói: install.sh loalang-agent-….tar.gz" "Name the bundle: install.sh loalang-agent-….tar.gz"
}

# What lies below --root is a system of its own; a folder without one is only filled.
is_debian() { [ -x "$root/usr/bin/dpkg" ]; }
is_here() { [ -z "$root" ]; }
runs_systemd() { is_here && [ -d /run/systemd/system ]; }
inside() {
    if is_here || ! is_debian; then "$@"; else chroot "$root" "$@"; fi
}
# A path as the programs of the target see it.
seen() {
    if is_here || is_debian; then echo "$1"; else echo "$root$1"; fi
}

check_machine() {
    if [ "$(id -u)" != 0 ] && { is_here || is_debian; }; then
        stop "Cần quyền root: sudo sh install.sh …. Chưa có gì bị thay đổi." \
            "This needs root: sudo sh install.sh …. Nothing was changed."
    fi
    [ -f "$root/etc/os-release" ] || { ! is_here && return; } ||
        stop "Máy này không phải Debian." "This machine is no Debian."
    # shellcheck disable=SC1091 # of the target
    system=$(. "$root/etc/os-release" && echo "${ID-} ${VERSION_ID-}")
    case $system in
    "debian 12" | "debian 13" | "raspbian 12" | "raspbian 13") ;;
    *)
        stop "Cần Raspberry Pi OS hoặc Debian 12 hay 13, máy này là \"$system\". Chưa có gì bị thay đổi." \
            "Raspberry Pi OS or Debian 12 or 13 is needed; this is \"$system\". Nothing was changed."
        ;;
    esac
}

machine_here() {
    if is_debian; then
        case $(inside dpkg --print-architecture) in
        arm64) echo aarch64 ;;
        amd64) echo x86_64 ;;
        *) inside dpkg --print-architecture ;;
        esac
    else
        uname -m
    fi
}

not_a_bundle() {
    stop "$bundle không phải gói loalang-agent, hoặc chưa tải hết ($1). Chưa có gì bị thay đổi; hãy chép lại." \
        "$bundle is no bundle of loalang-agent, or not all of it ($2). Nothing was changed; copy it again."
}

# Leaves the bundle, whole and verified, in $work; $version is what it holds.
open_bundle() {
    [ -f "$bundle" ] || not_a_bundle "không có tệp" "there is no such file"
    free_kb=$(df -Pk "$root/opt" 2>/dev/null | awk 'NR == 2 {print $4}')
    need_kb=$(($(wc -c <"$bundle") * 6 / 1024 + 40000))
    [ "${free_kb:-$need_kb}" -ge "$need_kb" ] ||
        stop "Đĩa chỉ còn ${free_kb} KB, cần ${need_kb} KB. Chưa có gì bị thay đổi." \
            "Only ${free_kb} KB are free, ${need_kb} KB are needed. Nothing was changed."
    work=$(mktemp -d)
    # Only plain files and folders with plain names, below here.
    tar -tzvf "$bundle" >"$work/list" 2>/dev/null || not_a_bundle "không đọc được" "unreadable"
    ! grep -qv '^[-d]' "$work/list" || not_a_bundle "tệp lạ" "foreign files"
    awk '{sum += $3} END {exit sum > 300000000}' "$work/list" || not_a_bundle "quá lớn" "too large"
    ! tar -tzf "$bundle" | grep -qvE '^[A-Za-z0-9][A-Za-z0-9._+/-]*$' ||
        not_a_bundle "tên lạ" "foreign names"
    ! tar -tzf "$bundle" | grep -qE '(^|/)\.\.(/|$)' || not_a_bundle "tên lạ" "foreign names"
    mkdir "$work/bundle"
    tar -xzf "$bundle" -C "$work/bundle" --no-same-owner --no-same-permissions 2>/dev/null ||
        not_a_bundle "không đọc được" "unreadable"
    { [ -f "$work/bundle/MANIFEST" ] && [ -f "$work/bundle/BUNDLE" ]; } ||
        not_a_bundle "thiếu danh mục" "no manifest"
    (cd "$work/bundle" && sha256sum --quiet --strict -c MANIFEST) >/dev/null 2>&1 ||
        not_a_bundle "mã băm sai" "a hash is wrong"
    (cd "$work/bundle" && find . -type f ! -name MANIFEST | sed 's|^\./||' | LC_ALL=C sort) >"$work/found"
    cut -c67- "$work/bundle/MANIFEST" | LC_ALL=C sort | cmp -s - "$work/found" ||
        not_a_bundle "tệp ngoài danh mục" "files that no manifest names"
    [ "$(sed -n 's/^format=//p' "$work/bundle/BUNDLE")" = 1 ] ||
        not_a_bundle "định dạng mới hơn" "a newer format"
    version=$(sed -n 's/^version=//p' "$work/bundle/BUNDLE")
    case $version in
    '' | *[!0-9A-Za-z.+-]*) not_a_bundle "phiên bản lạ" "a foreign version" ;;
    esac
    made_for=$(sed -n 's/^machine=//p' "$work/bundle/BUNDLE")
    [ "$made_for" = "$(machine_here)" ] ||
        stop "Gói này cho máy $made_for, máy này là $(machine_here). Chưa có gì bị thay đổi." \
            "This bundle is for $made_for, this machine is $(machine_here). Nothing was changed."
}

# Puts the file $1 at $2 with mode $3, if it is not so already; $changed tells of any.
changed=
put() {
    if ! cmp -s "$1" "$root$2" || [ "$(stat -c %a "$root$2")" != "$3" ]; then
        mkdir -p "$(dirname "$root$2")"
        install -m "$3" "$1" "$root$2.loalang-new"
        mv "$root$2.loalang-new" "$root$2"
        changed=yes
    fi
}
point() {
    if [ "$(readlink "$root$2" 2>/dev/null)" != "$1" ]; then
        mkdir -p "$(dirname "$root$2")"
        ln -sfn "$1" "$root$2.loalang-new"
        mv -T "$root$2.loalang-new" "$root$2"
        changed=yes
    fi
}

bring_packages() {
    is_debian && [ $packages = yes ] || return 0
    lacking=
    for package in $debian_packages; do
        is_installed "$package" || lacking="$lacking $package"
    done
    # Somebody has to set the clock; who is there already stays.
    inside sh -c 'command -v chronyd || command -v ntpd || [ -x /usr/lib/systemd/systemd-timesyncd ]' \
        >/dev/null 2>&1 || lacking="$lacking systemd-timesyncd"
    install_packages "$lacking"
    # Raspberry Pi OS has it, and Debian from 13 on.
    [ "$made_for" != aarch64 ] || is_installed python3-lgpio ||
        ! inside apt-cache show python3-lgpio >/dev/null 2>&1 || install_packages python3-lgpio
}
is_installed() {
    # shellcheck disable=SC2016 # dpkg-query fills it in
    [ "$(inside dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}
install_packages() {
    lacking=$1
    [ -n "$lacking" ] || return 0
    say "Đang cài từ Debian:$lacking" "installing from Debian:$lacking"
    inside apt-get update -qq || true
    # shellcheck disable=SC2086 # a word a package
    DEBIAN_FRONTEND=noninteractive inside apt-get install -y -qq --no-install-recommends $lacking \
        >/dev/null || stop "Debian không cài được:$lacking. Hãy xem mạng rồi chạy lại; chưa có gì khác bị thay đổi." \
        "Debian could not install:$lacking. Look at the network and try again; nothing else was changed."
}

make_user() {
    is_here || is_debian || return 0
    for group in audio gpio i2c; do
        inside getent group "$group" >/dev/null || inside groupadd --system "$group"
    done
    inside getent passwd loalang >/dev/null ||
        inside useradd --system --user-group --home-dir /var/lib/loalang-agent --no-create-home \
            --shell /usr/sbin/nologin loalang
}

# A version is whole when its mark is there, which comes last.
lay_version() {
    place=$home/versions/$version
    if [ -f "$root$place/whole" ]; then
        cmp -s "$work/bundle/MANIFEST" "$root$place/whole" && return
        [ "$(readlink "$root$home/current" 2>/dev/null)" != "versions/$version" ] ||
            stop "Phiên bản $version đang chạy và không giống gói này. Gói khác phải mang số khác." \
                "Version $version runs here and is not that of this bundle. Another bundle needs another number."
    fi
    say "Đang đặt phiên bản $version" "laying down version $version"
    rm -rf "${root:?}$place"
    mkdir -p "$root$place"
    cp -R "$work/bundle/deploy" "$work/bundle/wheels" "$root$place/"
    python=$(seen "$place")
    if ! { inside python3 -m venv "$python" &&
        inside "$python/bin/python" -m pip install --quiet --disable-pip-version-check --no-index \
            --find-links "$python/wheels" --no-warn-script-location "loalang[edge]==$version" gpiozero &&
        lend_pins "$root$place" &&
        inside "$python/bin/loalang-agent" version; } >"$work/told" 2>&1; then
        rm -rf "${root:?}$place"
        tail -n 3 "$work/told" >&2
        stop "Không đặt được phiên bản $version; những gì đang chạy vẫn như cũ." \
            "Version $version could not be laid down; what runs was left as it is."
    fi
    rm -rf "${root:?}$place/wheels"
    cp "$work/bundle/MANIFEST" "$root$place/whole.new"
    sync "$root$place/whole.new"
    mv "$root$place/whole.new" "$root$place/whole"
    changed=yes
}
# What drives the pins comes with the bundle or from the system, whose one module is lent to ours.
lend_pins() {
    inside "$(seen "$place")/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-index --find-links "$(seen "$place")/wheels" lgpio 2>/dev/null && return
    for file in "$root"/usr/lib/python3/dist-packages/lgpio.py "$root"/usr/lib/python3/dist-packages/_lgpio.*.so; do
        [ ! -f "$file" ] || ln -sf "${file#"$root"}" "$1"/lib/python3.*/site-packages/
    done
}

# Everything of a version that lies outside its folder.
settle_version() {
    from=$root$home/versions/$1/deploy
    [ -d "$from" ] || stop "Không có phiên bản $1." "There is no version $1."
    for unit in loalang-agent.service loalang-agent-pair.service loalang-agent-update.service \
        loalang-agent-update.path loalang-agent-reboot.service loalang-agent-reboot.path; do
        put "$from/$unit" "/etc/systemd/system/$unit" 644
    done
    for unit in loalang-agent.service loalang-agent-pair.service loalang-agent-update.service \
        loalang-agent-update.path loalang-agent-reboot.path; do
        point "../$unit" "/etc/systemd/system/multi-user.target.wants/$unit"
    done
    put "$from/99-loalang-stick.rules" /etc/udev/rules.d/99-loalang-stick.rules 644
    put "$from/system.conf" /etc/systemd/system.conf.d/loalang.conf 644
    put "$from/journald.conf" /etc/systemd/journald.conf.d/loalang.conf 644
    put "$from/loalang-agent" /usr/local/bin/loalang-agent 755
    point "versions/$1" "$home/current"
}

set_up_machine() {
    if [ ! -e "$root/etc/loalang/agent.toml" ]; then
        put "$work/bundle/deploy/agent.toml" /etc/loalang/agent.toml 640
        ! { is_here || is_debian; } || inside chown root:loalang /etc/loalang/agent.toml
    fi
    config=$root/boot/firmware/config.txt
    if [ -n "$rtc" ] && [ -f "$config" ] && ! grep -q "^dtoverlay=i2c-rtc,$rtc" "$config"; then
        say "Đang bật đồng hồ $rtc (có từ lần khởi động sau)" "switching on the clock $rtc (from the next start)"
        printf '\n[all]\ndtparam=i2c_arm=on\ndtoverlay=i2c-rtc,%s\n' "$rtc" >>"$config"
    fi
}

start_it() {
    runs_systemd || return 0
    [ -z "$changed" ] || systemctl daemon-reload
    systemctl start loalang-agent-update.path loalang-agent-reboot.path
    systemctl is-active --quiet loalang-agent.service || systemctl start --no-block loalang-agent.service
}

# Read to its end before any of it is done: whoever replaces this file meanwhile changes nothing.
main() {
    read_line "$@"
    check_machine
    case $do in
    settle)
        settle_version "$settle"
        ;;
    lay)
        open_bundle
        lay_version
        echo "$version"
        ;;
    install)
        open_bundle
        bring_packages
        make_user
        lay_version
        set_up_machine
        if runs_systemd && [ -e "$home/trusted" ] && [ "$(readlink "$home/current")" != "versions/$version" ]; then
            "$home/trusted/bin/loalang-agent" update --to "$version" --config /etc/loalang/agent.toml
        else
            settle_version "$version"
            point "versions/$version" "$home/trusted"
        fi
        start_it
        if [ -n "$changed" ]; then
            say "Xong: loalang-agent $version. Ghép nối: sudo loalang-agent pair MÃ" \
                "Done: loalang-agent $version. Pair it: sudo loalang-agent pair CODE"
        else
            say "Đã đúng như thế; không có gì thay đổi: loalang-agent $version" \
                "It was so already; nothing was changed: loalang-agent $version"
        fi
        ;;
    esac
}

main "$@"
exit
