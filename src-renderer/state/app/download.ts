export interface Download {
  readonly fileName: string;
  readonly content: string;
  readonly type: string;
}

/** Time in which the browser starts to read what it saves. */
const READING_MILLISECONDS = 10_000;

/** Lets a text be dropped on the desktop or a folder as a file (Chromium's DownloadURL), or into a text field as text. */
export function fillDrag(
  transfer: Pick<DataTransfer, 'setData'>,
  { fileName, content, type }: Download,
): void {
  const bytes = new TextEncoder().encode(content);
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  // colons separate the parts
  const name = fileName.replaceAll(':', '-');
  transfer.setData('DownloadURL', `${type}:${name}:data:${type};base64,${base64}`);
  transfer.setData('text/plain', content);
}

/** Saves a text as a file the way a browser does: to the downloads folder, or wherever the person says. */
export function offerDownload({ fileName, content, type }: Download): void {
  const address = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), READING_MILLISECONDS);
}
