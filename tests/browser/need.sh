#!/bin/sh
# Chromium and a Chinese font for the browser tests: installed when missing and allowed, asked for otherwise.
set -eu
missing=""
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && found=yes
done
[ -n "${found:-}" ] || missing="chromium"
command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null)" ] || missing="$missing fontconfig fonts-noto-cjk"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "The browser tests need these packages, please install them as root: apt-get install $(echo $missing)" >&2
exit 1
