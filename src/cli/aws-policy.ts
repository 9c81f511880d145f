interface PolicySet {
  readonly roles: readonly {
    readonly role: string;
    readonly trust: object;
    readonly permissions: object;
    readonly boundary?: { readonly arn: string; readonly document: object };
  }[];
  readonly opener: object;
  readonly broker?: object;
  readonly revokers: readonly { readonly role: string; readonly permissions: object }[];
  readonly check: object;
}

/** `protem aws policy`: every document under a line that says where it belongs. */
export function printPolicies(set: PolicySet, output: string, print: (line: string) => void): void {
  if (output === 'json') return print(JSON.stringify(set, undefined, 2));
  const show = (title: string, document: object) =>
    print(`# ${title}\n${JSON.stringify(document, undefined, 2)}\n`);
  for (const { role, trust, permissions, boundary } of set.roles) {
    show(`trust policy of ${role}`, trust);
    show(`permission policy of ${role}, as a managed policy`, permissions);
    if (boundary)
      show(`permissions boundary of ${role}, as the managed policy ${boundary.arn}`, boundary.document);
  }
  show(
    set.broker ? 'permission policy of the role on the way' : 'permission policy of the broker',
    set.opener,
  );
  for (const { role, permissions } of set.revokers)
    show(`permission policy of ${role}, which writes denies`, permissions);
  if (set.broker) show('permission policy of the broker', set.broker);
  show('what the broker needs in addition while `protem aws check` runs', set.check);
}
