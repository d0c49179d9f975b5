import tseslint from 'typescript-eslint';

/** The rules of the house: which folder may import what. */
const house = (files, patterns) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
});
const not = (regex, message) => ({ regex, message });
const noElectron = not('^electron$', 'Only shell/, main.ts and preload.ts import electron.');
const noSqlite = not('^better-sqlite3$', 'Only store/ imports better-sqlite3.');
const noAddon = not('snug\\.node|native/build', 'Only engine/ loads the addon.');

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
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.object.property.name=/^std(out|err)$/][callee.property.name="write"]',
          message: 'Names and answers of others may act on a terminal: write with terminal-output.ts.',
        },
      ],
      eqeqeq: 'error',
    },
  },
  house(['src-main/**/*.ts'], [noElectron, noSqlite, noAddon]),
  house(
    ['src-main/contract/**/*.ts'],
    [not('^\\.\\./', 'contract/ imports nothing of ours.'), noElectron, noSqlite, noAddon],
  ),
  house(['src-main/engine/**/*.ts'], [noElectron, noSqlite]),
  house(['src-main/store/**/*.ts'], [noElectron, noAddon]),
  house(['src-main/shell/**/*.ts', 'src-main/main.ts', 'src-main/preload.ts'], [noSqlite, noAddon]),
  {
    files: ['bench/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['bench/**/*.ts', 'tools/**/*.ts'], rules: { 'no-console': 'off' } },
);
