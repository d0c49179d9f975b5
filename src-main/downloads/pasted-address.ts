import { SnugError } from '../contract/errors.ts';
import { DEFAULT_HUB, hubUrl } from './hub.ts';
import { checkRepositoryPath } from './repository-path.ts';

/** What a person means with an address of a model hub. */
export interface PastedAddress {
  readonly repository: string;
  readonly revision?: string | undefined;
  /** one file of it */
  readonly path?: string | undefined;
  /** "Q8_0" of "owner/name:Q8_0", as llama.cpp and Ollama take it */
  readonly precision?: string | undefined;
}

const HOSTS = ['huggingface.co', 'www.huggingface.co', 'hf.co', 'www.hf.co'];
const NAME = '[\\w][\\w.-]{0,95}';
const REPOSITORY = new RegExp(`^(${NAME}/${NAME})(?::([\\w.-]{1,40}))?$`);
const WITHOUT_SCHEME = /^(?:www\.)?(?:huggingface\.co|hf\.co)\//i;
const NOT_MODELS = [
  'datasets',
  'spaces',
  'collections',
  'papers',
  'docs',
  'blog',
  'models',
  'buckets',
  'api',
];

/**
 * Reads "owner/name", "owner/name:Q8_0", "hf.co/owner/name", "hf://owner/name" and addresses of a repository's page or of a file in it, of
 * huggingface.co or of the hub in use. Undefined for anything else, a path of this machine among it.
 * @throws SnugError BAD_ARGUMENT for a page of the hub that is no model
 */
export function parsePastedAddress(text: string, hub = DEFAULT_HUB): PastedAddress | undefined {
  const plain = text.trim().replace(/^<(.*)>$/, '$1');
  const bare = WITHOUT_SCHEME.test(plain) ? `https://${plain}` : plain.replace(/^hf:\/\//i, 'https://hf.co/');
  if (!/^https?:\/\//i.test(bare)) return ofRepository(bare);
  const url = URL.parse(bare);
  const base = hubUrl(hub);
  if (!url) return undefined;
  const isOfHub = url.host === base.host && `${url.pathname}/`.startsWith(base.pathname);
  if (isOfHub) return ofParts(url.pathname.slice(base.pathname.length).split('/'));
  return HOSTS.includes(url.host) ? ofParts(url.pathname.slice(1).split('/')) : undefined;
}

function ofRepository(text: string): PastedAddress | undefined {
  const [, repository, precision] = REPOSITORY.exec(text) ?? [];
  if (repository === undefined || repository.includes('..')) return undefined;
  return { repository, ...(precision === undefined ? {} : { precision }) };
}

function ofParts(encoded: readonly string[]): PastedAddress | undefined {
  const parts = encoded.map(decoded).filter((part) => part !== '');
  const [owner = '', name = '', view, revision, ...path] = parts;
  if (NOT_MODELS.includes(owner))
    throw new SnugError('BAD_ARGUMENT', `that is a page of the hub's ${owner}, and no model`, {
      advice: 'Open the page of a model and copy its address.',
    });
  const repository = ofRepository(`${owner}/${name}`);
  if (!repository || view === undefined) return repository;
  if (!['tree', 'blob', 'resolve', 'raw'].includes(view) || revision === undefined) return repository;
  if (view === 'tree' || path.length === 0) return { ...repository, revision };
  checkRepositoryPath(path.join('/'));
  return { ...repository, revision, path: path.join('/') };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
