import { takeLock } from '../../../src-main/store/lock.ts';

/** Takes the lock named on its command line and keeps it until it is killed. */
using _lock = takeLock(process.argv[2] ?? '', 'testing');
process.stdout.write('held\n');
await new Promise(() => setInterval(() => undefined, 60_000));
