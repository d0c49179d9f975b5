import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** Builds the window's page: one HTML file, one script, one style sheet, no inline code (the CSP forbids it). */
export default defineConfig({
  root: join(import.meta.dirname, 'src-renderer'),
  base: './',
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome140',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // one file from this machine's own disk: parts would not come sooner
    chunkSizeWarningLimit: 700,
    // what is bundled loses its own files: their licences stand beside the page
    license: { fileName: 'LICENSES.md' },
  },
});
