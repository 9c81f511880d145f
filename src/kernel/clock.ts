/** Milliseconds since the epoch. The only way to learn the time, so that a test can set it. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
