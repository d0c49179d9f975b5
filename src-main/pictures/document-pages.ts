import sharp from 'sharp';
import type { DocumentPages } from '../contract/conversation.ts';
import type { PagesRequest } from '../contract/workers/picture.ts';
import type { PdfDocument } from './decoders/pdf.ts';
import { openDocument, decodeOrRefuse } from './open-picture.ts';

/** Pixels of a page as it is shown to choose from, on its longer side. */
const THUMBNAIL_PIXELS = 240;

/** How many pages a document has, and what some of them look like. A page that cannot be drawn has no thumbnail. */
export async function documentPages({ bytes, name, first, count }: PagesRequest): Promise<DocumentPages> {
  const document = await openDocument(bytes, name);
  const thumbnails: DocumentPages['thumbnails'][number][] = [];
  for (let page = first; page < first + count && page <= document.pages; page++) {
    thumbnails.push({ page, url: await thumbnail(document, name, page) });
  }
  return { pages: document.pages, thumbnails };
}

async function thumbnail(document: PdfDocument, name: string, page: number): Promise<string | null> {
  try {
    const { width, height } = decodeOrRefuse(name, () => document.size(page - 1));
    const scale = THUMBNAIL_PIXELS / Math.max(width, height);
    const size = {
      width: Math.max(1, Math.round(width * scale)),
      height: Math.max(1, Math.round(height * scale)),
    };
    const { data, ...raw } = decodeOrRefuse(name, () => document.render(page - 1, size));
    const png = await sharp(data, { raw: { ...raw, channels: 4 } })
      .removeAlpha()
      .png()
      .toBuffer();
    return `data:image/png;base64,${png.toString('base64')}`;
  } catch {
    // whoever chooses it hears why
    return null;
  }
}
