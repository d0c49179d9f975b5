import { existsSync } from 'node:fs';
import { SnugError } from '../contract/errors.ts';

/** What people paste instead of a path: an address of a model's page, or the name of a repository. */
const ADDRESS =
  /^((?!file:)[a-z][a-z\d+.-]+:\/\/|ollama:|(www\.)?(huggingface\.co|hf\.co|modelscope\.cn|ollama\.com)\/)/i;
/** "Qwen/Qwen2.5-VL-7B-Instruct-GGUF", also with ":Q4_K_M" as llama.cpp takes it: one slash, and no end that a file's name has. */
const REPOSITORY = /^[a-z\d][\w.-]*\/[\w.-]*(gguf|instruct|-vl-|llava)[\w.-]*(:[\w.-]+)?$/i;
/** "qwen2.5vl:7b", as Ollama names models; a drive of Windows has one letter. */
const OLLAMA = /^[a-z\d][\w.-]+:[\w.-]+$/i;

/** Why a text that was given as a path is none; undefined for what may be one. */
export function addressRefusal(text: string): SnugError | undefined {
  const given = text.trim();
  const isRepository = [REPOSITORY, OLLAMA].some((name) => name.test(given)) && !/\.gguf$/i.test(given);
  const isAddress = ADDRESS.test(given) || isRepository;
  if (!isAddress || existsSync(given)) return undefined;
  return new SnugError('BAD_ARGUMENT', `${given} is an address, and Snug cannot download models yet`, {
    advice:
      'Open it in a browser and download two files there: the model (a .gguf file in F16, BF16 or Q8_0) and its vision file (mmproj-….gguf). Then give Snug the files.',
  });
}

/** The same of a picture. */
export function pictureAddressRefusal(text: string): SnugError | undefined {
  const given = text.trim();
  if (!ADDRESS.test(given) || existsSync(given)) return undefined;
  return new SnugError('BAD_ARGUMENT', `${given} is an address, and Snug downloads nothing`, {
    advice: 'Open it in a browser, save the picture, and give Snug the file.',
  });
}
