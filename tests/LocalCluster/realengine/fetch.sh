#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts llama.cpp's server under $LLMOPS_WORK/realengine/root (default: .work in the repository's root): 16 MB of Debian
# packages, unpacked, not installed. A second run does nothing; runs at the same time wait for each other.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$HERE/../../../.work}")/realengine
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9
"$HERE/../unpack-debian-packages.sh" "$HERE/packages.txt" "$WORK" realengine
