import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PDFiumModule } from '@hyzyla/pdfium';
import { withMostMemory } from './wasm-memory.ts';

const require = createRequire(import.meta.url);

/** What is used of PDFium's C functions (public/fpdfview.h), compiled to WebAssembly. */
interface Pdfium {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  readonly wasmExports: { malloc(bytes: number): number };
  _FPDF_InitLibrary(): void;
  _FPDF_LoadMemDocument(data: number, bytes: number, password: number): number;
  _FPDF_GetLastError(): number;
  _FPDF_GetPageCount(document: number): number;
  _FPDF_LoadPage(document: number, index: number): number;
  _FPDF_ClosePage(page: number): void;
  /** points, turned as the page is shown */
  _FPDF_GetPageWidth(page: number): number;
  _FPDF_GetPageHeight(page: number): number;
  _FPDFBitmap_CreateEx(width: number, height: number, format: number, data: number, stride: number): number;
  _FPDFBitmap_FillRect(
    bitmap: number,
    left: number,
    top: number,
    width: number,
    height: number,
    argb: number,
  ): void;
  _FPDFBitmap_Destroy(bitmap: number): void;
  _FPDF_RenderPageBitmap(
    bitmap: number,
    page: number,
    left: number,
    top: number,
    width: number,
    height: number,
    rotate: number,
    flags: number,
  ): void;
}

const ERROR_PASSWORD = 4;
const BITMAP_BGRX = 3;
const WHITE = 0xffffffff;
/** FPDF_ANNOT | FPDF_REVERSE_BYTE_ORDER: with annotations, as RGB */
const RENDER_FLAGS = 0x01 | 0x10;
const CHANNELS = 4;

/** It opens only with a password. */
export class PasswordProtected extends Error {}

export interface PageSize {
  /** points, 72 an inch */
  readonly width: number;
  readonly height: number;
}

export interface RenderedPage {
  readonly width: number;
  readonly height: number;
  /** RGBA, all of it opaque */
  readonly data: Uint8Array;
}

/** A PDF document in an instance of PDFium of its own, which goes with it. */
export class PdfDocument {
  readonly #pdfium: Pdfium;
  readonly #document: number;
  readonly pages: number;

  private constructor(pdfium: Pdfium, document: number) {
    this.#pdfium = pdfium;
    this.#document = document;
    this.pages = pdfium._FPDF_GetPageCount(document);
  }

  /** @throws PasswordProtected */
  static async open(bytes: Uint8Array, mostBytes: number): Promise<PdfDocument> {
    const wasm = readFileSync(require.resolve('@hyzyla/pdfium/pdfium.wasm'));
    const wasmBinary = withMostMemory(wasm, mostBytes).buffer;
    const quiet = () => undefined;
    const options = { wasmBinary, print: quiet, printErr: quiet };
    const pdfium = (await PDFiumModule(options)) as unknown as Pdfium;
    pdfium._FPDF_InitLibrary();
    const file = pdfium.wasmExports.malloc(bytes.length);
    if (file === 0) throw new RangeError('there is no memory for the file');
    pdfium.HEAPU8.set(bytes, file);
    const document = pdfium._FPDF_LoadMemDocument(file, bytes.length, 0);
    if (document !== 0) return new PdfDocument(pdfium, document);
    const error = pdfium._FPDF_GetLastError();
    if (error === ERROR_PASSWORD) throw new PasswordProtected();
    throw new Error(`PDFium cannot open it (${error})`);
  }

  /** The size of a page; the first is 0. */
  size(page: number): PageSize {
    return this.#with(page, (handle) => this.#sizeOf(handle));
  }

  /** A page on white, so many pixels large. */
  render(page: number, { width, height }: PageSize): RenderedPage {
    return this.#with(page, (handle) => {
      const { wasmExports, ...pdfium } = this.#pdfium;
      const data = wasmExports.malloc(width * height * CHANNELS);
      if (data === 0) throw new RangeError('there is no memory for the page');
      const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, BITMAP_BGRX, data, width * CHANNELS);
      pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
      pdfium._FPDF_RenderPageBitmap(bitmap, handle, 0, 0, width, height, 0, RENDER_FLAGS);
      pdfium._FPDFBitmap_Destroy(bitmap);
      // what was drawn may have made the memory grow, into another buffer
      return { width, height, data: this.#pdfium.HEAPU8.slice(data, data + width * height * CHANNELS) };
    });
  }

  #with<Result>(page: number, use: (handle: number) => Result): Result {
    const handle = this.#pdfium._FPDF_LoadPage(this.#document, page);
    if (handle === 0) throw new Error(`PDFium cannot open page ${page + 1}`);
    try {
      return use(handle);
    } finally {
      this.#pdfium._FPDF_ClosePage(handle);
    }
  }

  #sizeOf(handle: number): PageSize {
    return {
      width: this.#pdfium._FPDF_GetPageWidth(handle),
      height: this.#pdfium._FPDF_GetPageHeight(handle),
    };
  }
}
