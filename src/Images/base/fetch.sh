#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fetch.sh DIRECTORY
#
# Makes DIRECTORY/root, the root file system under the programs: the Debian packages of packages.txt (of names with a bar between them the first that exists), of
# the release that this machine runs, unpacked and not installed, without shell, package manager and documentation. DIRECTORY/packages.tsv: name, version,
# architecture of each. Needs no privileges. A second run does nothing; runs at the same time wait for each other.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$1
mkdir -p "$WORK"
exec 9>"$WORK/lock"
flock 9
wanted=$(cat "$HERE/packages.txt" "$HERE/fetch.sh" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$WORK/done" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
for tool in apt-get dpkg-deb; do
  command -v $tool >/dev/null || { echo "images: the root file system comes from Debian's packages, and this machine has no $tool" >&2; exit 1; }
done

rm -rf "$WORK"/{root,debs,done}
mkdir -p "$WORK"/{root,debs,lists/partial,cache/archives/partial}
cat >"$WORK/apt.conf" <<CONF
Dir::State::lists "$WORK/lists";
Dir::Cache "$WORK/cache";
APT::Sandbox::User "root";
Acquire::Retries "3";
CONF
export APT_CONFIG=$WORK/apt.conf
unreachable() { echo "images: the packages cannot be downloaded: check that apt-get update works on this machine, and try again" >&2; exit 1; }
echo "images: downloading $(wc -l <"$HERE/packages.txt") Debian packages"
apt-get update -qq || unreachable
while IFS='|' read -ra names; do
  for name in "${names[@]}"; do
    if apt-cache show "$name" >/dev/null 2>&1; then (cd "$WORK/debs" && apt-get download -qq "$name") || unreachable; continue 2; fi
  done
  unreachable
done <"$HERE/packages.txt"
# Everything under /usr, as Debian itself has it since release 12.
mkdir -p "$WORK/root/usr"/{bin,sbin,lib,lib64}
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$WORK/root/$folder"; done
: >"$WORK/packages.tsv"
for package in "$WORK"/debs/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x --no-same-owner --keep-directory-symlink -C "$WORK/root"
  dpkg-deb --showformat='${Package}\t${Version}\t${Architecture}\n' -W "$package" >>"$WORK/packages.tsv"
done
# What the packages' scripts would have made. Licences (usr/share/doc/*/copyright) stay.
cat "$WORK"/root/usr/share/ca-certificates/mozilla/*.crt >"$WORK/root/etc/ssl/certs/ca-certificates.crt"
cat >"$WORK/root/etc/passwd" <<'USERS'
root:x:0:0:root:/root:/sbin/nologin
app:x:1654:1654:app:/home/app:/sbin/nologin
USERS
printf 'root:x:0:\napp:x:1654:\n' >"$WORK/root/etc/group"
mkdir -p "$WORK/root/home/app" "$WORK/root/tmp"
find "$WORK/root/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$WORK"/root/usr/share/{man,lintian,locale,info} "$WORK"/root/usr/{bin,sbin}/* "$WORK"/root/{boot,media,mnt,opt,srv,var,etc/update-motd.d}
chmod 1777 "$WORK/root/tmp"
echo "$wanted" >"$WORK/done"
