#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# unpack-debian-packages.sh PACKAGES DIRECTORY NAME [SUITE]
#
# Downloads the packages listed in PACKAGES (one name a line, dependencies are not resolved) from Debian's SUITE (default: sid) and unpacks
# them into DIRECTORY/root. Nothing is installed, no privileges are needed. A second run does nothing.
# NAME starts the progress lines.
set -euo pipefail

PACKAGES=$1 WORK=$2 NAME=$3 SUITE=${4:-sid}
say() { echo "$NAME: $*"; }

wanted=$(sha256sum <"$PACKAGES" | cut -d' ' -f1)
if [ "$(cat "$WORK/root/.packages" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

mkdir -p "$WORK"/{debs,apt/lists/partial,apt/cache/archives/partial,apt/state}
touch "$WORK/apt/state/status"
# The archive this machine already installs from; only the suite is another one. (apt-get indextargets would be empty
# before the machine's first update; the address of a suite's InRelease file is known without it.)
archive=$(apt-get update --print-uris 2>/dev/null | sed -n "s#^'\(.*\)/dists/.*#\1#p" | grep -v security | head -1 || true)
if [ -z "$archive" ]; then say "apt has no package source configured: add one under /etc/apt"; exit 1; fi
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $SUITE main" >"$WORK/apt/sources.list"
cat >"$WORK/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$WORK/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$WORK/apt/lists";
Dir::State::status "$WORK/apt/state/status";
Dir::Cache "$WORK/apt/cache";
APT::Sandbox::User "root";
Acquire::Retries "3";
CONF
export APT_CONFIG=$WORK/apt/apt.conf

say "downloading $(wc -l <"$PACKAGES") Debian packages"
if ! apt-get update -qq || ! (cd "$WORK/debs" && xargs apt-get download -qq <"$PACKAGES"); then
  say "the packages cannot be downloaded: check that apt-get update works on this machine, and try again"
  exit 1
fi
say "unpacking"
rm -rf "$WORK/root.new"; mkdir "$WORK/root.new"
while read -r package; do
  dpkg-deb -x "$(ls -t "$WORK/debs/$package"_*.deb | head -1)" "$WORK/root.new"
done <"$PACKAGES"
echo "$wanted" >"$WORK/root.new/.packages"
rm -rf "$WORK/root"; mv "$WORK/root.new" "$WORK/root"
