import process from 'node:process';

const LOOK_MILLISECONDS = 20;

/**
 * Waits for a job of native code and gives up on it once this process holds `mostBytes` more than before. The job itself can't be
 * stopped: whoever gives up on it has to end the process.
 */
export async function withinMemory<Result>(
  mostBytes: number,
  job: () => Promise<Result>,
  giveUp: () => Error,
): Promise<Result> {
  const limit = process.memoryUsage.rss() + mostBytes;
  let timer: NodeJS.Timeout | undefined;
  const exceeded = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (process.memoryUsage.rss() <= limit) return;
      clearInterval(timer);
      reject(giveUp());
    }, LOOK_MILLISECONDS);
  });
  try {
    return await Promise.race([job(), exceeded]);
  } finally {
    clearInterval(timer);
  }
}
