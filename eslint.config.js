import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';
import { keptDisposables } from './tools/style/kept-disposables.js';

const ADDON = {
  selector: 'Literal[value=/snug\\.node|native.build/]',
  message: 'Only engine/ loads the addon.',
};
const TERMINAL_WRITES = [
  {
    selector: 'CallExpression[callee.object.property.name=/^std(out|err)$/][callee.property.name="write"]',
    message: 'Names and answers of others may act on a terminal: write with terminal-output.ts.',
  },
];

/** What components import, types included, which .dependency-cruiser.js does not see in them. */
const PAGES = ['chat', 'fit', 'models', 'settings'];
const CONTRACT_ALONE = {
  regex: 'src-main/(?!contract/)',
  message: 'What crosses to the window is in src-main/contract.',
};
const components = (files, pages) => ({
  files: [`src-renderer/${files}.svelte`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          CONTRACT_ALONE,
          ...pages.map((page) => ({
            regex: `^\\.\\.?/(?:.*/)?${page}/`,
            message: 'What two pages share lies in state/app/, in text/ or beside the folders of components.',
          })),
        ],
      },
    ],
  },
});

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      'native/build',
      'native/build-sanitized',
      '.cache',
      'resources',
      'coverage',
      'dist',
      '.venv',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.{ts,svelte}'] })),
  ...svelte.configs.recommended.map((config) => ({ files: ['src-renderer/**'], ...config })),
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  {
    files: ['**/*.{ts,svelte}'],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...TERMINAL_WRITES],
      eqeqeq: 'error',
      // Prettier wraps code, not comments
      'max-len': ['error', { code: 10_000, comments: 140, ignoreUrls: true }],
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { snug: { rules: { 'kept-disposables': keptDisposables } } },
    rules: { 'snug/kept-disposables': 'error' },
  },
  {
    files: ['src-main/**/*.ts'],
    rules: { 'max-lines': ['error', 300], 'max-lines-per-function': ['error', 50] },
  },
  {
    // layers, cycles and packages: .dependency-cruiser.js; the addon is loaded by its path
    files: ['src-main/**/*.ts'],
    ignores: ['src-main/engine/**'],
    rules: {
      'no-restricted-syntax': ['error', ...TERMINAL_WRITES, ADDON],
    },
  },
  {
    // whoever calls what returns a promise has one place for what goes wrong
    files: ['src-main/services/**/*.ts', 'src-main/shell/**/*.ts', 'src-main/serve/**/*.ts'],
    rules: {
      '@typescript-eslint/promise-function-async': ['error', { checkArrowFunctions: false }],
      // a method of the Api is async also where its answer is at hand
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': [
        'error',
        ...TERMINAL_WRITES,
        ADDON,
        {
          selector:
            'ReturnStatement > CallExpression[callee.object.name="Promise"][callee.property.name="resolve"]',
          message: 'An async function returns the value itself.',
        },
      ],
    },
  },
  {
    files: ['**/*.svelte'],
    rules: {
      // where a snippet's parameters and a component's functions have types, ESLint sees any: svelte-check does not
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'prefer-const': 'off',
      'svelte/prefer-const': 'error',
    },
  },
  components('**/*', []),
  components('components/{*,shell/*}', PAGES),
  ...PAGES.map((page) =>
    components(
      `components/${page}/*`,
      PAGES.filter((other) => other !== page),
    ),
  ),
  {
    files: ['src-renderer/**'],
    rules: {
      // a Map or Date that nothing draws stays a plain one
      'svelte/prefer-svelte-reactivity': 'off',
      // of SvelteKit
      'svelte/no-navigation-without-resolve': 'off',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 50],
    },
  },
  { files: ['src-renderer/**/*.svelte'], rules: { 'max-lines': ['error', 250] } },
  {
    files: ['bench/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['bench/**/*.ts', 'tools/**/*.ts'], rules: { 'no-console': 'off' } },
);
