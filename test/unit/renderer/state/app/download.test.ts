import { expect, it } from 'vitest';
import { fillDrag } from '../../../../../src-renderer/state/app/download.ts';

it('a dragged export is a file for a folder and text for a field, in any script', () => {
  const set = new Map<string, string>();
  const transfer = { setData: (type: string, value: string) => set.set(type, value) };
  fillDrag(transfer, { fileName: 'Chat 10:30.md', content: '# Größe 🦊', type: 'text/markdown' });
  expect(set.get('text/plain')).toBe('# Größe 🦊');
  const [type, name, scheme, rest] = (set.get('DownloadURL') ?? '').split(':');
  expect([type, name, scheme]).toEqual(['text/markdown', 'Chat 10-30.md', 'data']);
  const [, base64 = ''] = (rest ?? '').split(',');
  expect(Buffer.from(base64, 'base64').toString('utf8')).toBe('# Größe 🦊');
});
