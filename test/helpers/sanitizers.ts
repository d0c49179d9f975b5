import { spawnSync } from 'node:child_process';
import { isAbsolute, join } from 'node:path';

/** The environment in which Node loads the addon that is built with sanitizers. Throws with the reason where this machine cannot. */
export function sanitizedEnvironment(): NodeJS.ProcessEnv {
  const compiler = process.env['CXX'] ?? 'c++';
  const asked = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const library = asked.stdout?.trim() ?? '';
  // a compiler that has none prints the bare name
  if (!isAbsolute(library))
    throw new Error(`${compiler} has no AddressSanitizer to load into Node; install GCC's libasan`);
  const environment = {
    ...process.env,
    SNUG_ADDON_BUILD: 'build-sanitized',
    LD_PRELOAD: library,
    // V8 and llama.cpp's own libraries are not instrumented: what they keep until the end is not counted
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:hard_rss_limit_mb=6000',
    // ggml would start a debugger at an assertion, which takes a minute here
    GGML_NO_BACKTRACE: '1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:abort_on_error=1',
  };
  const script = join(import.meta.dirname, '..', 'fixtures', 'campaign', 'libraries-in-child.ts');
  const tried = spawnSync(process.execPath, [script], { env: environment, encoding: 'utf8' });
  if (tried.status !== 0) throw new Error(`Node does not start with ${library}: ${tried.stderr}`);
  if (!tried.stdout.includes(join('build-sanitized', 'snug.node')))
    throw new Error(`Node loads another addon than the one with sanitizers: ${tried.stdout}`);
  return environment;
}
