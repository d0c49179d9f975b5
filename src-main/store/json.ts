// JSON of our own tables: a CHECK keeps it well formed, and only this folder writes it, so its form is taken as written.

/** A column's value; null stays null, so that SQL sees it as missing. */
export function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

export function fromJson<T extends object | null>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
