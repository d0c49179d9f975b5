import { spawn } from 'node:child_process';

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, onLine?: (line: string) => void, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ code: number | null, output: string, missing: boolean }>} `missing` when there is no such command
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    let output = '';
    let partial = '';
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // npm is a .cmd file on Windows, which only a shell starts
      shell: process.platform === 'win32' && command === 'npm',
    });
    const take = (chunk) => {
      output += chunk;
      partial += chunk;
      const lines = partial.split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', () => resolve({ code: null, output, missing: true }));
    child.on('close', (code) => resolve({ code, output, missing: false }));
  });
}
