#!/bin/sh
# Installs what the tests drive besides Python packages: a browser, metadata readers, fonts, a wrong clock.
set -eu
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v ffprobe >/dev/null || missing="$missing ffmpeg"
command -v exiftool >/dev/null || missing="$missing libimage-exiftool-perl"
command -v npm >/dev/null || missing="$missing npm"
fc-list 2>/dev/null | grep -qi 'noto.*cjk' || missing="$missing fonts-noto-cjk"
ldconfig -p 2>/dev/null | grep -q libturbojpeg.so.0 || missing="$missing libturbojpeg0"
ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || missing="$missing libfaketime"
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null; then
    echo "The tests need:$missing. Install them and run make test again." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
