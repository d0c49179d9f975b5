export interface PdfPage {
  /** points */
  readonly width: number;
  readonly height: number;
  /** what draws it: operators of PDF */
  readonly drawing: string;
}

const ENCRYPTION = `/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<${'00'.repeat(32)}>/U<${'11'.repeat(32)}>>>/ID[<00><00>]`;

/** A document of such pages; readers find the objects without a table of their places. */
export function pdfOf(pages: readonly PdfPage[], { encrypted = false } = {}): Buffer<ArrayBuffer> {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Count ${pages.length}/Kids[${pages.map((_, i) => `${i * 2 + 3} 0 R`).join(' ')}]>>`,
    ...pages.flatMap(({ width, height, drawing }, i) => [
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${width} ${height}]/Contents ${i * 2 + 4} 0 R/Resources<<>>>>`,
      `<</Length ${drawing.length}>>stream\n${drawing}\nendstream`,
    ]),
  ];
  const body = objects.map((object, i) => `${i + 1} 0 obj\n${object}\nendobj\n`).join('');
  const trailer = `trailer<</Root 1 0 R${encrypted ? ENCRYPTION : ''}>>\n%%EOF`;
  return Buffer.from(`%PDF-1.4\n${body}${trailer}`, 'latin1');
}

/** A page of one colour, in shares of red, green and blue. */
export function pageOf(colour: readonly [number, number, number], width = 72, height = 72): PdfPage {
  return { width, height, drawing: `${colour.join(' ')} rg 0 0 ${width} ${height} re f` };
}
