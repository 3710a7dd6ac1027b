#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts wrk and nginx under $LLMOPS_WORK/yardsticks/root (default: .work in the repository's root): Debian packages,
# unpacked, not installed. A second run does nothing; runs at the same time wait for each other.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$HERE/../../../.work}")/yardsticks
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9
"$HERE/../../LocalCluster/unpack-debian-packages.sh" "$HERE/packages.txt" "$WORK" yardsticks
