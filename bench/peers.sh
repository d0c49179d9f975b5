#!/usr/bin/env bash
# Builds llama.cpp's own llama-quantize, llama-imatrix, llama-bench, llama-perplexity and llama-mtmd-cli into .cache/peers, against the
# libraries that Snug itself uses, to compare with. Run `npm run setup` once before. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$(uname -s)" in
  Linux | Darwin) ;;
  *)
    echo "bench/peers.sh supports Linux and macOS; $(uname -s) is not supported." >&2
    exit 1
    ;;
esac

if [ ! -d node_modules ]; then
  echo 'The dependencies are missing. Run `npm run setup` first.' >&2
  exit 1
fi

# the Node that the dependencies bring, where there is one
PATH="$PWD/node_modules/.bin:$PATH"

node --input-type=module -e "
  import { join } from 'node:path';
  import { pathToFileURL } from 'node:url';
  const setup = (name) => import(pathToFileURL(join(process.cwd(), 'scripts', 'setup', name)).href);
  const { buildNative } = await setup('addon.mjs');
  const { cache } = await setup('paths.mjs');
  const { SetupError } = await setup('report.mjs');
  try {
    const label = 'Building llama.cpp\\'s tools to compare with (a few minutes, once)';
    await buildNative(join(cache, 'peers'), label, ['-DSNUG_PEERS=ON']);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message + error.advice());
    process.exit(1);
  }
"

for tool in llama-quantize llama-imatrix llama-bench llama-perplexity llama-mtmd-cli; do
  if [ ! -x ".cache/peers/$tool" ]; then
    echo "The build did not leave .cache/peers/$tool; delete .cache/peers and try again." >&2
    exit 1
  fi
  echo "$PWD/.cache/peers/$tool"
done
