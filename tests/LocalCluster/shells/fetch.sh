#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts zsh and fish, whose completions are tried, under $LLMOPS_WORK/shells/root (default: .work in the repository's root): Debian packages of release 12, unpacked,
# not installed. A second run does nothing; runs at the same time wait for each other.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$HERE/../../../.work}")/shells
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9
"$HERE/../unpack-debian-packages.sh" "$HERE/packages.txt" "$WORK" shells bookworm
# fish takes its functions from beside its binary only where its settings are there as well.
ln -sfn ../etc "$WORK/root/usr/etc"
