/** The same to be read and not changed, all through; bytes stay bytes. */
export type ReadOnly<T> = T extends Uint8Array
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: ReadOnly<T[Key]> }
    : T;
