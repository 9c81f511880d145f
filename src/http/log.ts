type Write = (fields: object, text: string) => void;

/** Where log lines go; a pino logger is one. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
