#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts a headless Chromium with what it needs, and a font, under $LLMOPS_WORK/chromium/root (default: .work in the repository's root): Debian packages of this
# machine's own release, unpacked, not installed. Which ones is apt's answer: itself, and those libraries that are not installed here. A second run does nothing;
# runs at the same time wait for each other.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$HERE/../../../.work}")/chromium
say() { echo "chromium: $*"; }

mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9
if [ -e "$WORK/root/.complete" ]; then exit 0; fi
rm -rf "$WORK/debs"; mkdir -p "$WORK/debs" "$WORK/apt/lists/partial"

cat >"$WORK/apt/apt.conf" <<CONF
Dir::State::lists "$WORK/apt/lists";
Dir::Cache "$WORK/apt";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Retries "3";
CONF
export APT_CONFIG=$WORK/apt/apt.conf

say "downloading Debian packages"
if ! apt-get update -qq ||
  ! apt-get install --simulate --reinstall chromium-headless-shell chromium-common fonts-dejavu-core >"$WORK/apt/plan" ||
  ! (cd "$WORK/debs" && sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$WORK/apt/plan" | xargs apt-get download -qq); then
  say "chromium-headless-shell cannot be downloaded: install chromium yourself, or check that apt-get update works on this machine, and try again"
  exit 1
fi
say "unpacking"
rm -rf "$WORK/root.new"; mkdir "$WORK/root.new"
for package in "$WORK"/debs/*.deb; do dpkg-deb -x "$package" "$WORK/root.new"; done
cat >"$WORK/root.new/fonts.conf" <<CONF
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>$WORK/root/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>$WORK/fonts</cachedir></fontconfig>
CONF
touch "$WORK/root.new/.complete"
rm -rf "$WORK/root" "$WORK/debs" "$WORK/apt/lists"; mv "$WORK/root.new" "$WORK/root"
