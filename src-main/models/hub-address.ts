import { existsSync } from 'node:fs';
import { SnugError } from '../contract/errors.ts';
import { hubAddress, meansHubAddress, type HubAddress } from '../contract/hub-address.ts';

/** What people paste instead of a path: an address of a model's page. */
const ADDRESS =
  /^((?!file:)[a-z][a-z\d+.-]+:\/\/|ollama:|(www\.)?(huggingface\.co|hf\.co|modelscope\.cn|ollama\.com)\/)/i;
/** "qwen2.5vl:7b", as Ollama names models; a drive of Windows has one letter. */
const OLLAMA = /^[a-z\d][\w.-]+:[\w.-]+$/i;

/** Why a text that was given as a path is none; undefined for what may be one. */
export function addressRefusal(text: string): SnugError | undefined {
  const given = text.trim();
  if (existsSync(given)) return undefined;
  if (meansHubAddress(given))
    return new SnugError('BAD_ARGUMENT', `${given} is a model on the hub, and not a file`, {
      advice: 'Download it first.',
      remedies: [{ kind: 'get-model', address: given }],
    });
  const isOllama = OLLAMA.test(given) && !/\.gguf$/i.test(given);
  if (!ADDRESS.test(given) && !isOllama) return undefined;
  return new SnugError('BAD_ARGUMENT', `${given} is an address that Snug cannot download a model from`, {
    advice:
      'Look for the model on huggingface.co, in a repository whose name ends in -GGUF, and give its name: owner/name.',
  });
}

/**
 * The repository that a text names, where it can be nothing else.
 *
 * @throws SnugError BAD_ARGUMENT
 */
export function givenHubAddress(text: string): HubAddress {
  const address = hubAddress(text);
  if (address) return address;
  throw (
    addressRefusal(text) ??
    new SnugError('BAD_ARGUMENT', `${text.trim()} is no address of a model`, {
      advice: 'Write it like owner/name, or paste the address of its page on huggingface.co.',
    })
  );
}

/** Why a text that was given as a picture is none. */
export function pictureAddressRefusal(text: string): SnugError | undefined {
  const given = text.trim();
  if (!ADDRESS.test(given) || existsSync(given)) return undefined;
  return new SnugError('BAD_ARGUMENT', `${given} is an address, and Snug downloads no pictures`, {
    advice: 'Open it in a browser, save the picture, and give Snug the file.',
  });
}
