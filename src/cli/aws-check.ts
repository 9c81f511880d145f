/** What a command found about one thing that is outside: good, bad, or not to be seen from here. */
export interface Finding {
  readonly role: string;
  readonly is: 'ok' | 'problem' | 'cannot tell';
  readonly what: string;
  readonly remedy?: string;
}

/** `protem aws check`: one line for each finding; false when one is a problem. */
export function printFindings(
  findings: readonly Finding[],
  output: string,
  print: (line: string) => void,
): boolean {
  if (output === 'json') print(JSON.stringify({ findings }, undefined, 2));
  else for (const finding of findings) print(lineOf(finding));
  return findings.every(({ is }) => is !== 'problem');
}

const lineOf = ({ role, is, what, remedy }: Finding): string =>
  `${is.padEnd('cannot tell'.length)}  ${role}: ${what}${remedy === undefined ? '' : ` -> ${remedy}`}`;
