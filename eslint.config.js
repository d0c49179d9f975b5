import tseslint from 'typescript-eslint';

const TERMINAL_WRITES = [
  {
    selector: 'CallExpression[callee.object.property.name=/^std(out|err)$/][callee.property.name="write"]',
    message: 'Names and answers of others may act on a terminal: write with terminal-output.ts.',
  },
];

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
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...TERMINAL_WRITES],
      eqeqeq: 'error',
    },
  },
  {
    // layers, cycles and packages: .dependency-cruiser.js; the addon is loaded by its path
    files: ['src-main/**/*.ts'],
    ignores: ['src-main/engine/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...TERMINAL_WRITES,
        { selector: 'Literal[value=/snug\\.node|native.build/]', message: 'Only engine/ loads the addon.' },
      ],
    },
  },
  {
    files: ['bench/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['bench/**/*.ts', 'tools/**/*.ts'], rules: { 'no-console': 'off' } },
);
