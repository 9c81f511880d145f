/**
 * An http or https URI as it is compared (RFC 9449 section 4.3, check 9): normalised by syntax and scheme (RFC 3986
 * sections 6.2.2 and 6.2.3), without query and fragment. Undefined for what is not one.
 */
export function comparableUri(text: string): string | undefined {
  // URL forgives blanks, line breaks and backslashes; a claim has none.
  if (!/^https?:\/\/[\x21-\x5b\x5d-\x7e]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return undefined;
  return `${protocol}//${host}${pathname.replaceAll(/%[0-9a-f]{2}/gi, plainlyEncoded)}`;
}

/** What needs no encoding has none; the rest is in upper case. */
function plainlyEncoded(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : triplet.toUpperCase();
}
