import { createSubscriber } from 'svelte/reactivity';

const MINUTE_MILLISECONDS = 60_000;

const everyMinute = createSubscriber((update) => {
  const timer = setInterval(update, MINUTE_MILLISECONDS);
  return () => clearInterval(timer);
});

/** The time; what shows it is drawn anew every minute. */
export function now(): Date {
  everyMinute();
  return new Date();
}
