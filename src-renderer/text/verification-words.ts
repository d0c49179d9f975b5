import type { ForeignAppId } from '../../src-main/contract/elsewhere.ts';
import type { ModelOrigin } from '../../src-main/contract/model.ts';
import type { FileState, VerifiedFile } from '../../src-main/contract/verification.ts';

/** What is said of a whole model. */
export const VERDICTS: Readonly<Record<FileState, { readonly title: string; readonly text: string }>> = {
  unchanged: { title: 'Unchanged', text: 'Every file holds what it held when it came.' },
  unknown: {
    title: 'Cannot tell yet',
    text: 'Nothing was known of what a file should hold. It is noted now, so the next time will tell.',
  },
  changed: {
    title: 'Changed',
    text: 'Another program has written a file since it came. If that was you, add the model again: from then on it counts as it is.',
  },
  damaged: {
    title: 'Damaged',
    text: 'A file holds something else than it should, though no program has written it. Download it again, and check the disk.',
  },
};

const STATES: Readonly<Record<FileState, string>> = {
  unchanged: 'unchanged',
  unknown: 'not known before',
  changed: 'changed',
  damaged: 'damaged',
};

export function stateWords(file: VerifiedFile): string {
  if (file.problem !== null) return file.problem;
  const against = file.comparedWith === 'published' ? ', compared with what its hub publishes' : '';
  return STATES[file.state] + against;
}

const APPS: Readonly<Record<ForeignAppId, string>> = {
  lmStudio: 'LM Studio',
  ollama: 'Ollama',
  jan: 'Jan',
  llamaCpp: 'llama.cpp',
  huggingFace: 'the Hugging Face cache',
};

export function originWords(origin: ModelOrigin): string {
  switch (origin.kind) {
    case 'builtIn':
      return 'comes with Snug';
    case 'fit':
      return origin.from ? `fitted here from ${origin.from.name}` : 'fitted by Snug';
    case 'hub':
      return `${origin.source.repository} on ${hostOf(origin.source.hub)}, ${origin.source.revision} (commit ${origin.source.commit.slice(0, 12)})`;
    case 'app':
      return `added from ${APPS[origin.app]}, in whose folder it lies`;
    case 'file':
      return 'a file that was added';
  }
}

function hostOf(address: string): string {
  return URL.parse(address)?.host ?? address;
}
