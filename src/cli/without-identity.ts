/** Over the environment of a command that is run: with what proves the agent, it would be the agent. */
export const withoutIdentity = {
  PROTEM_TOKEN: undefined,
  PROTEM_CERTIFICATE_FILE: undefined,
  PROTEM_PRIVATE_KEY_FILE: undefined,
} as const;
