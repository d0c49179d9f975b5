/**
 * The house (docs/decisions/0009-layers.md): `src-main` stands in layers, and a file imports from its own layer and those before it.
 * A layer is a list of folders and files; those of one layer that are set apart by order, lowest first, are so too.
 */
const LAYERS = {
  contract: ['contract/'],
  text: ['text/'],
  files: ['(?:root|home|worker-entries)\\.ts', 'files/', 'gguf/'],
  engine: ['engine/'],
  parts: ['store/', 'downloads/', 'models/', 'pictures/', 'prompt/', 'profile/'],
  method: [
    'luq/[^/]+$',
    'luq/allocate/',
    'luq/plan/',
    'luq/entropy/',
    'luq/calibrate/',
    'luq/gram/',
    'luq/quantize/',
    'luq/rivals/',
    'luq/quality/',
  ],
  jobs: ['fit/', 'chat/', 'evaluate/', 'compare/', 'export/'],
  workers: ['[^/]+-worker\\.ts'],
  services: ['services/'],
  doors: ['doors/', '(?:cli|shell|serve)/', '(?:cli|serve|main|preload)\\.ts'],
};

/** The window, lowest first: what every page shares stands below what is of one page. */
const PAGES = '(?:chat|fit|models|settings)';
const WINDOW = [
  'text/',
  'icons\\.ts',
  'bridge/',
  'state/app/',
  'components/(?:shell/|[^/]+$)',
  `state/${PAGES}/`,
  `components/${PAGES}/`,
  'pages/',
  '(?:App\\.svelte|(?:main|no-compiling)\\.ts)$',
];

/** Below one another, and within a layer: what stands before may not import what stands after. */
const main = Object.entries(LAYERS).flatMap(([layer, parts]) => parts.map((part) => ({ layer, part })));
const renderer = WINDOW.map((part) => ({ layer: part, part }));
const upward = (root, order) =>
  order.slice(0, -1).map(({ layer, part }, index) => ({
    name: `${layer} imports upward`,
    comment: `What ${part} stands for is imported from above it, never the other way.`,
    severity: 'error',
    from: { path: `^${root}/${part}` },
    to: {
      path: `^${root}/(?:${order
        .slice(index + 1)
        .map(({ part: above }) => above)
        .join('|')})`,
    },
  }));

const alone = (name, packages, owners) => ({
  name,
  comment: `${packages} is imported by ${owners.join(', ')} alone.`,
  severity: 'error',
  from: { path: '^src-(?:main|renderer)/', pathNot: owners.map((owner) => `^src-main/${owner}`) },
  to: { path: `(?:^|node_modules/)(?:${packages})(?:/|$)` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Files that import each other, types included, can only be read and moved together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...upward('src-main', main),
    ...upward('src-renderer', renderer),
    {
      name: 'a door of its own',
      comment: 'A door shares with another only what lies in doors/.',
      severity: 'error',
      from: { path: '^src-main/(cli|shell|serve)/' },
      to: { path: '^src-main/(?:cli|shell|serve)/', pathNot: '^src-main/$1/' },
    },
    {
      name: 'renderer imports contract alone',
      comment: 'What crosses to the window is in src-main/contract.',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: '^src-main/', pathNot: '^src-main/contract/' },
    },
    {
      name: 'state imports no component',
      comment: 'A component shows a state, which knows nothing of it.',
      severity: 'error',
      from: { path: `^src-renderer/state/${PAGES}/` },
      to: { path: '^src-renderer/components/' },
    },
    {
      name: 'a page of its own',
      comment: 'What two pages share lies in state/app/, in text/ or beside the folders of components.',
      severity: 'error',
      from: { path: `^src-renderer/(?:state|components)/(${PAGES})/` },
      to: {
        path: `^src-renderer/(?:state|components)/${PAGES}/`,
        pathNot: '^src-renderer/(?:state|components)/$1/',
      },
    },
    {
      name: 'a page imports no other page',
      severity: 'error',
      from: { path: '^src-renderer/pages/([^/]+)$' },
      to: { path: '^src-renderer/pages/', pathNot: '^src-renderer/pages/$1$' },
    },
    {
      name: 'main imports no renderer',
      severity: 'error',
      from: { path: '^src-main/' },
      to: { path: '^src-renderer/' },
    },
    {
      name: 'the packed app carries what it imports',
      comment: 'Only "dependencies" of package.json are packed; Electron is there by itself.',
      severity: 'error',
      from: { path: '^src-main/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        pathNot: '(?:^|node_modules/)electron(?:/|$)',
      },
    },
    {
      name: 'workers by their contracts',
      comment: 'A worker is asked by the methods of its contract (engine/workers.ts), never by a name.',
      severity: 'error',
      from: { path: '^src-main/', pathNot: '^src-main/engine/' },
      to: { path: '^src-main/engine/worker-(?:process|client)\\.ts$' },
    },
    alone('electron', 'electron', ['shell/', 'main\\.ts', 'preload\\.ts']),
    alone('SQLite', 'better-sqlite3', ['store/']),
    alone('HTTP', 'undici', ['downloads/(?:http|proxy)\\.ts']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // a type is a tie as well
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
