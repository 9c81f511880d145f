/**
 * The verbs that run the broker or work on its settings, for the help of a program that does not load them: loading
 * them takes longer than everything else that a client does.
 */
export const serverVerbs = {
  api: 'answer agents, orchestrators and operators',
  worker: 'revoke what is due',
  serve: 'both in one process',
  dev: 'the sandbox: everything on this machine, nothing durable; plays the story once, then serves',
  ledger: 'work on the state store',
  policy: 'work on policies',
  config: 'work on settings',
  aws: 'set roles up at AWS',
  mcp: 'an MCP server on standard input and output, for one task of one agent',
  audit: 'take the audit log out, and prove it',
  doctor: 'look at the state store, the clocks, the issuers and the providers of the settings',
} as const;
