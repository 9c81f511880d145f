export interface SecretFile {
  readonly name: string;
  readonly text: string;
  readonly format: 'aws-credentials' | 'json';
  /** How a program is told of it, with `{file}` for its path. */
  readonly use: string;
}

/** The secret as programs read it: an AWS session as a credentials file of the AWS SDKs, all else as JSON. */
export function secretFile(leaseId: string, secret: Readonly<Record<string, unknown>>): SecretFile {
  const { AccessKeyId, SecretAccessKey, SessionToken } = secret;
  if (isPlain(AccessKeyId) && isPlain(SecretAccessKey) && isPlain(SessionToken))
    return {
      name: `${leaseId}.ini`,
      text: `[default]\naws_access_key_id = ${AccessKeyId}\naws_secret_access_key = ${SecretAccessKey}\naws_session_token = ${SessionToken}\n`,
      format: 'aws-credentials',
      use: 'AWS_SHARED_CREDENTIALS_FILE={file}',
    };
  return {
    name: `${leaseId}.json`,
    text: `${JSON.stringify(secret, undefined, 2)}\n`,
    format: 'json',
    use: 'PROTEM_SECRET_FILE={file}',
  };
}

/** One line: it cannot end its own and begin another. */
const isPlain = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
