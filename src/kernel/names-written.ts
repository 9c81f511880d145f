/**
 * How many names stand in a text that is JSON: strings with a colon behind them. JSON.parse keeps the last of two equal
 * names and other readers the first, so RFC 7493 section 2.3 has each only once.
 */
export function namesWritten(json: string): number {
  let count = 0;
  for (const [, colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g))
    if (colon !== undefined) count += 1;
  return count;
}
