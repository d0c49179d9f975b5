/** What the system is asked may start programs of its own; one that never answers must not keep everything waiting. */
const ANSWER_MILLISECONDS = 15_000;

/** The answer, or what is known without it when it fails or does not come. */
export async function answerOr<T>(asked: Promise<T>, otherwise: T): Promise<T> {
  const { promise: late, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(otherwise), ANSWER_MILLISECONDS);
  try {
    return await Promise.race([asked.catch(() => otherwise), late]);
  } finally {
    clearTimeout(timer);
  }
}
