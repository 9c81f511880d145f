/**
 * How many names stand in a text that is JSON: strings with a colon behind them. JSON.parse keeps the last of two equal
 * names and other readers the first, so RFC 7493 section 2.3 has each only once.
 */
export function namesWritten(json: string): number {
  let count = 0;
  for (let opened = json.indexOf('"'); opened >= 0;) {
    const after = behindString(json, opened);
    if (isColonNext(json, after)) count += 1;
    opened = json.indexOf('"', after);
  }
  return count;
}

/** Where the string that is opened there has ended: a quote is escaped behind an odd number of backslashes. */
function behindString(json: string, opened: number): number {
  let at = opened;
  let escapes: number;
  do {
    at = json.indexOf('"', at + 1);
    if (at < 0) return json.length;
    escapes = 0;
    while (json[at - 1 - escapes] === '\\') escapes += 1;
  } while (escapes % 2 === 1);
  return at + 1;
}

function isColonNext(json: string, from: number): boolean {
  let at = from;
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\t' || json[at] === '\r') at += 1;
  return json[at] === ':';
}
