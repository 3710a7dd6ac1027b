#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes etcd and controlplane ready under $LLMOPS_WORK/controlplane (default: .work in the repository's root).
#
#   build.sh          download, build; does nothing where what these sources make is there already
#   build.sh --check  exit 0 when it is there, 1 when it is not; changes nothing
#   build.sh --where  print the folder of both binaries; its name is a hash of the sources, so that checkouts that
#                     share a working folder do not replace each other's
#
# Nothing is installed: the packages of packages.txt are unpacked into a private folder. When they cannot be had or do
# not build, the binaries of ../shared/controlplane/prebuilt (beside the repository) are taken, if they are there.
# Safe to run many times at once: one builds, the others wait for it.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../../.." && pwd)
WORK=$(realpath -m "${LLMOPS_WORK:-$REPOSITORY/.work}")/controlplane
PREBUILT=$REPOSITORY/../shared/controlplane/prebuilt

say() { echo "controlplane: $*"; }
wanted() { cat "$HERE"/src/*.go "$HERE/packages.txt" "$HERE/build.sh" | sha256sum | cut -c1-12; }
up_to_date() { [ -x "$BIN/etcd" ] && [ -x "$BIN/controlplane" ] && [ -s "$BIN/origin" ]; }

BIN=$WORK/bin/$(wanted)
if [ "${1:-}" = --where ]; then echo "$BIN"; exit 0; fi
if up_to_date; then say "up to date ($(cat "$BIN/origin"))"; exit 0; fi
if [ "${1:-}" = --check ]; then say "not built"; exit 1; fi

mkdir -p "$WORK"
exec 9>"$WORK/lock"
if ! flock -n 9; then say "another process is building; waiting for it"; flock 9; fi
if up_to_date; then say "up to date ($(cat "$BIN/origin"))"; exit 0; fi

# The folder appears whole. What other sources made is removed when nobody has used it for a week.
publish() { # etcd controlplane origin
  rm -rf "$BIN.new" && mkdir -p "$BIN.new"
  install -m 755 "$1" "$BIN.new/etcd" && install -m 755 "$2" "$BIN.new/controlplane"
  echo "$3" >"$BIN.new/origin"
  rm -rf "$BIN" && mv "$BIN.new" "$BIN"
  find "$WORK/bin" -mindepth 1 -maxdepth 1 -type d ! -path "$BIN" -atime +7 -exec rm -rf {} + || true
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
