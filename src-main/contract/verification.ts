/**
 * What a file holds now beside what it held when it came: `unchanged`; `changed`: another program has written it since; `damaged`: nobody
 * has, or it is not what was published; `unknown`: nothing was known of it until now, or it cannot be read.
 */
export const FILE_STATES = ['unchanged', 'unknown', 'changed', 'damaged'] as const;
export type FileState = (typeof FILE_STATES)[number];

export interface VerifiedFile {
  readonly path: string;
  readonly bytes: number;
  readonly state: FileState;
  /** hex; null where it cannot be read */
  readonly sha256: string | null;
  /** what it was compared with: the hash that its hub publishes, or what was noted when it came */
  readonly comparedWith: 'published' | 'noted' | null;
  /** when that was noted, ISO 8601 */
  readonly notedAt: string | null;
  /** why it cannot be read */
  readonly problem: string | null;
}

/** What came of comparing a model's files and its vision file. */
export interface Verification {
  /** the worst of its files */
  readonly state: FileState;
  readonly files: readonly VerifiedFile[];
}

/** How far a model's files are compared, or looked for. */
export interface CheckProgress {
  /** the library's entry */
  readonly id: string;
  readonly kind: 'verify' | 'search';
  readonly doneBytes: number;
  readonly totalBytes: number;
}
