#!/usr/bin/env bash
# Trains all stages: bash train.sh PYTHON. Every stage goes on from its checkpoint; a finished one ends at once.
set -euo pipefail
cd "$(dirname "$0")"
python=$(cd "$OLDPWD" && realpath -s "$1")
# waiting threads sleep instead of spinning: other programs run too
export OMP_WAIT_POLICY=passive
for allocator in /usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4; do
  [ -e "$allocator" ] && export LD_PRELOAD=$allocator
done
"$python" train.py vision --minutes 45
"$python" train.py shallow --minutes 150
"$python" train.py deep --minutes 460
