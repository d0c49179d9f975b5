/** Ollama keeps every file under its hash, and what it is called elsewhere. */
const BLOB_NAME = /^sha256-[0-9a-f]{64}$/;

/** Whether a file's name says nothing of what it is. */
export function isBlobName(name: string): boolean {
  return BLOB_NAME.test(name);
}
