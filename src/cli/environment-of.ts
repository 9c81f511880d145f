import type { SecretValues } from '../sdk/held-lease.js';
import { UsageError } from './terminal.js';

const awsNames: Readonly<Record<string, string>> = {
  AccessKeyId: 'AWS_ACCESS_KEY_ID',
  SecretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  SessionToken: 'AWS_SESSION_TOKEN',
  Expiration: 'AWS_CREDENTIAL_EXPIRATION',
  AccountId: 'AWS_ACCOUNT_ID',
};

export const isAws = (secret: SecretValues): boolean =>
  typeof secret['AccessKeyId'] === 'string' && typeof secret['SecretAccessKey'] === 'string';

/**
 * A credential as environment variables: an AWS session under the names of its SDKs; anything else as the name of the
 * catalog entry and of the value, so `username` of `reports-db` is REPORTS_DB_USERNAME.
 */
export function environmentOf(entry: string, secret: SecretValues): Record<string, string> {
  const named = Object.entries(secret).filter(([, value]) => value !== undefined && value !== null);
  const nameOf = (name: string) =>
    (isAws(secret) ? awsNames[name] : undefined) ??
    `${entry}_${name}`.replaceAll(/[^A-Za-z0-9]+/g, '_').toUpperCase();
  return Object.fromEntries(
    named.map(([name, value]) => [nameOf(name), typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

/** Of the environment: what an AWS SDK would take before what it is given here. */
export const beforeAws = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_SECURITY_TOKEN'];

/** The secret as `credential_process` prints it (AWS CLI user guide, "Source credentials with an external process"). */
export function processOutput(secret: SecretValues): string {
  if (!isAws(secret)) throw new UsageError('This entry is not one of AWS: the format is for AWS sessions.');
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId } = secret;
  return JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId });
}

const shell = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const line = (write: (name: string, value: string) => string) => (all: Record<string, string>) =>
  Object.entries(all)
    .map(([name, value]) => write(name, value))
    .join('\n');

/** The formats of `aws configure export-credentials`, and two more. */
export const formats: Readonly<Record<string, (all: Record<string, string>) => string>> = {
  env: line((name, value) => `export ${name}=${shell(value)}`),
  'env-no-export': line((name, value) => `${name}=${shell(value)}`),
  fish: line((name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  powershell: line((name, value) => `$Env:${name}='${value.replaceAll("'", "''")}'`),
  'windows-cmd': line((name, value) => `set ${name}=${value.replaceAll('%', '%%')}`),
  dotenv: line((name, value) => `${name}="${value.replaceAll(/(["\\$`])/g, String.raw`\$1`)}"`),
};
