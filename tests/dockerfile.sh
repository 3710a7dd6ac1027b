#!/bin/bash
# Builds all targets of the Dockerfile by Debian's buildah, without container engine and registry. Usage: dockerfile.sh [VERSION REVISION]
# Each becomes artifacts/dockerfile/NAME.tar, an OCI archive. Ends with 3, and a reason, where this machine cannot do that; without arguments that is all that it tells.
#
# Microsoft's base images are stood in for: the root file system and the .NET of make image-archives, with the variables, user and command of the real ones. The
# SDK's has a shell besides, and the .NET SDK and the NuGet packages of this machine are mounted into it. Only root may unpack layers and change its root.
set -euo pipefail
cd "$(dirname "$0")/.."
cannot() { echo "dockerfile: $*" >&2; exit 3; }
[ "$(id -u)" = 0 ] || cannot "only root may unpack layers and change its root"
if ! command -v buildah >/dev/null; then
  echo "dockerfile: installing buildah"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah; } >/dev/null 2>&1 || cannot "apt-get cannot install buildah"
fi
work=$(realpath -m "${LLMOPS_WORK:-.work}") output=$(realpath -m artifacts/dockerfile) packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
aspnet=$(dotnet --list-runtimes | sed -n 's/^Microsoft.AspNetCore.App \(10[^ ]*\) .*/\1/p' | tail -1)
tag=$(sed -n 's/^ARG DOTNET=//p' Dockerfile)
mkdir -p "$work"
store=$(mktemp -d "$work/buildah.XXXXXX")
trap 'rm -rf "$store"' EXIT
export TMPDIR=$store
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$store/policy.json"
in_store() { buildah --storage-driver=vfs --root "$store/graph" --runroot "$store/run" "$@"; }
policy=--signature-policy=$store/policy.json
in_store from scratch >/dev/null 2>"$store/problem" || cannot "buildah cannot work here: $(tail -n 1 "$store/problem")"
[ $# -eq 2 ] || exit 0
version=$1 revision=$2
mkdir -p "$output" "$packages"
bash src/Images/base/fetch.sh "$work/images"

# stand_in NAME OPTIONS...: an image of the root file system in $root.
root=$store/root
stand_in() {
  local name=mcr.microsoft.com/dotnet/$1 container
  shift
  container=$(in_store from scratch)
  cp -a "$root/." "$(in_store mount "$container")/"
  in_store config --env APP_UID=1654 --env ASPNETCORE_HTTP_PORTS=8080 --env DOTNET_RUNNING_IN_CONTAINER=true --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true "$@" "$container"
  in_store commit "$policy" -q --rm --disable-compression "$container" "$name" >/dev/null
}
cp -a "$work/images/root" "$root"
mkdir -p "$root/$dotnet" "$root/root/.nuget"
cp "$(readlink -f /bin/sh)" "$root/usr/bin/sh"
ln -s "$dotnet/dotnet" "$root/usr/bin/dotnet"
stand_in "sdk:$tag" --env NUGET_CERT_REVOCATION_MODE="${NUGET_CERT_REVOCATION_MODE:-}" --cmd /bin/bash
rm "$root"/usr/bin/*
for part in "host/fxr/$aspnet" "shared/Microsoft.NETCore.App/$aspnet" "shared/Microsoft.AspNetCore.App/$aspnet" dotnet; do
  mkdir -p "$(dirname "$root/usr/share/dotnet/$part")"
  cp -a "$dotnet/$part" "$root/usr/share/dotnet/$part"
done
stand_in "aspnet:$tag-noble-chiseled" --user 1654 --entrypoint '["/usr/bin/dotnet"]' --cmd=--info

for target in operator gateway evaluator emulator; do
  echo "dockerfile: building $target"
  in_store bud "$policy" --isolation=chroot --network=host --pull-never --layers --platform "linux/$(dpkg --print-architecture)" --target $target \
    --volume "$dotnet:$dotnet:ro" --volume /etc/ssl/certs:/etc/ssl/certs:ro --volume "$packages:/root/.nuget/packages" \
    --build-arg VERSION="$version" --build-arg REVISION="$revision" --tag "localhost/$target" . >"$output/$target.log" 2>&1 || { tail -n 30 "$output/$target.log" >&2; exit 1; }
  rm -f "$output/$target.tar"
  in_store push "$policy" -q "localhost/$target" "oci-archive:$output/$target.tar"
done
