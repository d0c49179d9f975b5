export interface Download {
  readonly fileName: string;
  readonly content: string;
  readonly type: string;
}

/** Time in which the browser starts to read what it saves. */
const READING_MILLISECONDS = 10_000;

/** Saves a text as a file the way a browser does: to the downloads folder, or wherever the person says. */
export function offerDownload({ fileName, content, type }: Download): void {
  const address = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), READING_MILLISECONDS);
}
