#!/usr/bin/env bash
# Installs the Debian packages that Jalon needs when it may (root), or prints the one line to run.
# Usage: scripts/system_packages.sh run|test
set -eu
wanted=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 graphviz python3-venv)
[ "$1" = test ] && wanted+=(chromium postgresql poppler-utils)
missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ]; then
  echo "Installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "Jalon needs system libraries. Run this, then try again:"
  echo "  sudo apt-get install --no-install-recommends ${missing[*]}"
  exit 1
fi
