#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts Lua 5.1, the language of Argo CD's scripts, under $LLMOPS_WORK/lua/root (default: .work in the repository's root): Debian packages of release 12, unpacked,
# not installed. A second run does nothing; runs at the same time wait for each other.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$HERE/../../../.work}")/lua
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9
"$HERE/../unpack-debian-packages.sh" "$HERE/packages.txt" "$WORK" lua bookworm
