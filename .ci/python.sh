# Sourced: `python_with <package==version...>` prints an interpreter that has them, or exits 77 with the reason.
python_with() {
  command -v python3 >/dev/null || { echo 'expected python3, found none'; exit 77; }
  local folder="dist/ci/venv-$(echo "$*" | cksum | cut -d' ' -f1)"
  if [ ! -f "$folder/ready" ]; then
    { python3 -m venv "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check "$@" && touch "$folder/ready"; } >/dev/null 2>&1 ||
      { echo "expected pip to install $*, which it could not"; exit 77; }
  fi
  python="$PWD/$folder/bin/python"
}
