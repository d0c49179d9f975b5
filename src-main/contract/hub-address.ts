/** A repository on the hub, and what in it is meant. */
export interface HubAddress {
  /** owner/name */
  readonly repository: string;
  /** a branch, tag or commit; the main branch when undefined */
  readonly revision?: string | undefined;
  /** one of its files, where the address is of one */
  readonly file?: string | undefined;
  /** Q8_0 of owner/name:Q8_0, as llama.cpp and Ollama take it */
  readonly precision?: string | undefined;
}

/** A page of the hub, with its file where it shows one; `hf://` as programs write it. */
const PAGE = /^(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/(.+)$|^hf:\/\/(.+)$/i;
/** Names of the hub: https://huggingface.co/docs/hub/repositories-getting-started */
const NAME = '[a-z\\d](?:[\\w.-]{0,94}[a-z\\d])?';
const REPOSITORY = new RegExp(`^(?:models/)?(${NAME}/${NAME})(?::([\\w.-]{1,20}))?$`, 'i');
const FILE = /^(?:tree|blob|resolve|raw)\/([\w.-]+)(?:\/(.+))?$/i;
/** What stands on the hub beside models. */
const NO_MODEL = /^(?:datasets|spaces|collections|papers|docs|blog|settings|posts|organizations)\//i;
/** What a repository is called that somebody pastes: one word of these tells it from a path. */
const TELLING_NAME = /gguf|instruct|-vl-|llava|-it(?=$|[-:])/i;

/** The repository that a text names, in any way that is in use; undefined for anything else. */
export function hubAddress(text: string): HubAddress | undefined {
  const given = text
    .trim()
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '');
  const page = PAGE.exec(given);
  const path = page?.[1] ?? page?.[2] ?? given;
  if (NO_MODEL.test(path)) return undefined;
  const [owner, name, ...rest] = path.replace(/^models\//i, '').split('/');
  const [, repository, precision] = REPOSITORY.exec(`${owner ?? ''}/${name ?? ''}`) ?? [];
  if (repository === undefined || /--|\.\./.test(repository)) return undefined;
  if (rest.length === 0) return /\.gguf$/i.test(repository) ? undefined : { repository, precision };
  if (!page) return undefined;
  const [, revision, file] = FILE.exec(rest.join('/')) ?? [];
  if (revision === undefined) return undefined;
  const isFile = file !== undefined && /\.gguf$/i.test(file);
  return { repository, revision, file: isFile ? decoded(file) : undefined };
}

/** Whether a text that may be a path as well is meant as an address. */
export function meansHubAddress(text: string): boolean {
  const given = text.trim();
  return hubAddress(given) !== undefined && (PAGE.test(given) || TELLING_NAME.test(given));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
