import process from 'node:process';

const LOOK_MILLISECONDS = 20;

/**
 * Waits for a job of native code. Once this process holds `mostBytes` more than before, the job is given up with `giveUp`'s error, and
 * as nothing else stops it, the process ends as soon as that error is on its way to the parent.
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
      // a plain exit would wait for the job
      setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    }, LOOK_MILLISECONDS);
  });
  try {
    return await Promise.race([job(), exceeded]);
  } finally {
    clearInterval(timer);
  }
}
