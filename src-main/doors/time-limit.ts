/** A promise that is waited for at most so long; rejects with `words` after that. */
export async function within<Value>(
  milliseconds: number,
  work: Promise<Value>,
  words: string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(words)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
