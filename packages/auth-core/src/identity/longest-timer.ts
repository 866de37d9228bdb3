/** The longest time that a timer can run, milliseconds: about 24.8 days. Every runtime fires a longer one at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1
