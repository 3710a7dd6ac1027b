#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts Prometheus under $LLMOPS_WORK/prometheus/root (default: .work in the repository's root): two Debian packages (prometheus and promtool),
# unpacked, not installed. A second run does nothing; runs at the same time wait for each other.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$HERE/../../../.work}")/prometheus
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9
"$HERE/../unpack-debian-packages.sh" "$HERE/packages.txt" "$WORK" prometheus
