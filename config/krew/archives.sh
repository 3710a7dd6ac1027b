#!/bin/bash
# The kubectl plugin for several machines, checksums, and the krew manifest that names them: artifacts/plugin-archives.
# Usage: archives.sh VERSION HOMEPAGE RUNTIME... (make plugin-archives), a runtime being linux-x64, linux-arm64, osx-x64 or osx-arm64
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$1 homepage=$2; shift 2
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || { echo "TAG=$version is no version such as 1.2.3" >&2; exit 1; }
out=artifacts/plugin-archives
rm -rf "$out"; mkdir -p "$out"
sed -e 1d -e "s|vVERSION|v$version|" -e "s|HOMEPAGE|$homepage|" config/krew/llm.yaml >"$out/llm.yaml"
for runtime in "$@"; do
  case $runtime in linux-*) os=linux ;; osx-*) os=darwin ;; *) echo "no plugin is made for $runtime" >&2; exit 1 ;; esac
  case $runtime in *-x64) arch=amd64 ;; *-arm64) arch=arm64 ;; *) echo "no plugin is made for $runtime" >&2; exit 1 ;; esac
  archive=kubectl-llm-$os-$arch.tar.gz
  dotnet publish src/Cli -c "${CONFIGURATION:-Release}" -r "$runtime" --self-contained -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=false \
    -p:DebugType=none -p:Version="$version" -o "$out/$runtime" -v quiet --nologo
  cp LICENSE "$out/$runtime/"
  tar -C "$out/$runtime" --owner=0 --group=0 -czf "$out/$archive" kubectl-llm LICENSE
  rm -r "${out:?}/$runtime"
  cat >>"$out/llm.yaml" <<EOF
    - selector:
        matchLabels: {os: $os, arch: $arch}
      uri: $homepage/releases/download/v$version/$archive
      sha256: $(sha256sum "$out/$archive" | cut -d' ' -f1)
      bin: kubectl-llm
EOF
done
(cd "$out" && sha256sum ./*.tar.gz | sed 's|\./||' >checksums.txt)
ls -l "$out"
