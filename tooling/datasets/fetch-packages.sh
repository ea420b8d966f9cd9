#!/bin/sh
# Downloads the Debian packages of the embedded data and unpacks them without installing.
# Usage: tooling/datasets/fetch-packages.sh FOLDER        (Debian 12, network, apt)
set -eu
folder=${1:?"usage: fetch-packages.sh FOLDER"}
mkdir -p "$folder"
cd "$folder"
apt-get download dataset-fashion-mnist python3-sklearn xfonts-base
for package in *.deb; do
  dpkg-deb -x "$package" .
done
