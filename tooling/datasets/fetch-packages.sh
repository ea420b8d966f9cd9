#!/bin/sh
# Downloads and unpacks (without installing) the Debian packages that hold the embedded data.
# Usage: tooling/datasets/fetch-packages.sh FOLDER        (Debian 12, network, apt)
set -eu
folder=${1:?"usage: fetch-packages.sh FOLDER"}
mkdir -p "$folder"
cd "$folder"
apt-get download dataset-fashion-mnist python3-sklearn xfonts-base
for package in *.deb; do
  dpkg-deb -x "$package" .
done
