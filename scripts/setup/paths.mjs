import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const modules = join(root, 'node_modules');
export const cache = join(root, '.cache');
export const llamaSource = join(cache, 'llama.cpp');
export const addonBuild = join(root, 'native', 'build');
export const sanitizedBuild = join(root, 'native', 'build-sanitized');
export const arm64Build = join(root, 'native', 'build-arm64');
