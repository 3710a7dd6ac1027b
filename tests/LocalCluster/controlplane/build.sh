#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes etcd and controlplane ready under $LLMOPS_WORK/controlplane/bin (default: .work in the repository's root).
#
#   build.sh          download, build; does nothing when bin/ already holds what these sources make
#   build.sh --check  exit 0 when bin/ is up to date, 1 when it is not; changes nothing
#
# Nothing is installed: the packages of packages.txt are unpacked into a private folder. When they cannot be had or do
# not build, the binaries of ../shared/controlplane/prebuilt (beside the repository) are taken, if they are there.
# Safe to run many times at once: one builds, the others wait for it.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../../.." && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$REPOSITORY/.work}")/controlplane
PREBUILT=$REPOSITORY/../shared/controlplane/prebuilt
BIN=$WORK/bin

say() { echo "controlplane: $*"; }
wanted() { cat "$HERE"/src/*.go "$HERE/packages.txt" "$HERE/build.sh" | sha256sum | cut -d' ' -f1; }
up_to_date() { [ -x "$BIN/etcd" ] && [ -x "$BIN/controlplane" ] && [ "$(head -1 "$BIN/stamp" 2>/dev/null)" = "$STAMP" ]; }

STAMP=$(wanted)
if up_to_date; then say "up to date ($(tail -1 "$BIN/stamp"))"; exit 0; fi
if [ "${1:-}" = --check ]; then say "not built"; exit 1; fi

mkdir -p "$WORK"
exec 9>"$WORK/lock"
if ! flock -n 9; then say "another process is building; waiting for it"; flock 9; fi
if up_to_date; then say "up to date ($(tail -1 "$BIN/stamp"))"; exit 0; fi
mkdir -p "$BIN"

# Puts finished binaries in place by rename, so that a running one is never overwritten.
publish() { # etcd controlplane origin
  install -m 755 "$1" "$BIN/etcd.new" && mv -f "$BIN/etcd.new" "$BIN/etcd"
  install -m 755 "$2" "$BIN/controlplane.new" && mv -f "$BIN/controlplane.new" "$BIN/controlplane"
  printf '%s\n%s\n' "$STAMP" "$3" >"$BIN/stamp"
  say "ready ($3)"
}

# GOPATH mode and no -mod flags: Debian's trees hold no module cache.
build() {
  local source=$WORK/go/src/controlplane api=k8s.io/api machinery=k8s.io/apimachinery/pkg version=k8s.io/component-base/version
  export HOME=$WORK/home GOROOT=$WORK/root/usr/lib/go-1.26 GOPATH=$WORK/go:$WORK/root/usr/share/gocode
  export GO111MODULE=off CGO_ENABLED=0 GOTOOLCHAIN=local GOCACHE=${GOCACHE:-$WORK/gocache} GOFLAGS='' PATH=$GOROOT/bin:$PATH
  mkdir -p "$HOME" "$source"
  rm -f "$source"/*.go
  cp -p "$HERE"/src/*.go "$source/"
  say "building with $(go version | cut -d' ' -f3): about 3 minutes the first time, seconds after that"
  if [ ! -s "$source/openapi/zz_generated.openapi.go" ] || [ "$WORK/root/.packages" -nt "$source/openapi/zz_generated.openapi.go" ]; then
    mkdir -p "$source/openapi"; rm -f "$source"/openapi/*
    go build -o "$WORK/openapi-gen" k8s.io/kube-openapi/cmd/openapi-gen || return 1
    (cd "$source" && "$WORK/openapi-gen" --output-dir openapi --output-pkg controlplane/openapi \
      --output-file zz_generated.openapi.go --go-header-file /dev/null -r "$WORK/openapi-report.txt" \
      $api/core/v1 $api/apps/v1 $api/autoscaling/v1 $api/autoscaling/v2 $api/batch/v1 $api/coordination/v1 \
      $api/discovery/v1 $api/events/v1 $api/networking/v1 $api/policy/v1 $api/rbac/v1 $api/admissionregistration/v1 \
      $api/authentication/v1 $api/authorization/v1 $api/scheduling/v1 $api/storage/v1 \
      k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1 \
      $machinery/api/resource $machinery/apis/meta/v1 $machinery/runtime $machinery/version $machinery/util/intstr) || return 1
  fi
  go build -ldflags "-s -w -X $version.gitVersion=v1.36.0 -X $version.gitMajor=1 -X $version.gitMinor=36 -X $version.gitTreeState=clean" \
    -o "$WORK/controlplane" controlplane || return 1
}

from_prebuilt() {
  [ -r "$PREBUILT/controlplane.xz" ] && [ -r "$PREBUILT/etcd.xz" ] || return 1
  say "taking the prebuilt binaries beside the repository"
  xz -dc "$PREBUILT/etcd.xz" >"$WORK/etcd.prebuilt" && xz -dc "$PREBUILT/controlplane.xz" >"$WORK/controlplane.prebuilt" || return 1
  publish "$WORK/etcd.prebuilt" "$WORK/controlplane.prebuilt" "prebuilt"
  rm -f "$WORK"/*.prebuilt
}

if [ "$(uname -m)" != x86_64 ]; then say "only x86_64 is supported, this machine is $(uname -m)"; exit 1; fi
if "$HERE/../unpack-debian-packages.sh" "$HERE/packages.txt" "$WORK" controlplane && (build); then publish "$WORK/root/usr/bin/etcd" "$WORK/controlplane" "built from packages"; exit 0; fi
say "building from packages failed (see above)"
if from_prebuilt; then exit 0; fi
say "unavailable. Check that apt-get update works on this machine and run $0 again; nothing else is needed."
exit 1
