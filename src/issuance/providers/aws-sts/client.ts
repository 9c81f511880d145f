import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type AssumeRoleCommandOutput,
  GetCallerIdentityCommand,
  type GetCallerIdentityCommandOutput,
  GetScopedCredentialsCommand,
  type GetScopedCredentialsCommandInput,
  type GetScopedCredentialsCommandOutput,
  STSClient,
  type STSClientConfig,
} from '@aws-sdk/client-sts';
import { nonsense, refusalOf, tooLate } from './refusal.js';
import { type AwsStsSettings, longestChainedSeconds } from './settings.js';

/** The keys of a session. */
export interface SessionKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The calls that the provider makes. All throw Faults and nothing else; what AWS refused is an AwsRefusal. */
export interface StsCalls {
  assumeRole(input: AssumeRoleCommandInput): Promise<AssumeRoleCommandOutput>;
  /** Signed with the keys of a session, not with the broker's. AWS has it on regional endpoints only. */
  scopedCredentials(
    session: SessionKeys,
    input: GetScopedCredentialsCommandInput,
  ): Promise<GetScopedCredentialsCommandOutput>;
  callerIdentity(): Promise<GetCallerIdentityCommandOutput>;
  /** What it mints with, for other clients. */
  readonly credentials: STSClient['config']['credentials'];
  close(): void;
}

/** One client for all leases of a provider: it keeps its connections, and the credentials of the broker. */
export function openSts(settings: AwsStsSettings): StsCalls {
  const own = new STSClient({ ...clientConfig(settings), ...ownCredentials(settings) });
  const minting = settings.via
    ? new STSClient({ ...clientConfig(settings), credentials: () => assumeVia(own, settings) })
    : own;
  const within = <T>(action: string, call: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(settings.timeout * 1000, call, (error) => refusalOf(error, 'STS', action));
  return {
    assumeRole: (input) =>
      within('AssumeRole', (options) => minting.send(new AssumeRoleCommand(input), options)),
    // A client for each session, on the connections of the one client: none of them is destroyed alone.
    scopedCredentials: (session, input) => {
      const cutting = new STSClient({
        ...clientConfig(settings),
        requestHandler: own.config.requestHandler,
        credentials: { ...session },
      });
      return within('GetScopedCredentials', (options) =>
        cutting.send(new GetScopedCredentialsCommand(input), options),
      );
    },
    credentials: minting.config.credentials,
    callerIdentity: () =>
      within('GetCallerIdentity', (options) => minting.send(new GetCallerIdentityCommand({}), options)),
    close() {
      minting.destroy();
      own.destroy();
    },
  };
}

export interface ClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly maxAttempts: number;
  readonly requestHandler: { readonly httpAgent: object; readonly httpsAgent: object };
}

/** What the clients of a provider have in common. */
export function clientConfig({ region, endpoint, attempts, connections }: AwsStsSettings): ClientConfig {
  const agent = { keepAlive: true, maxSockets: connections };
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: attempts,
    // No timeouts here: the abort signal of every call bounds all of its attempts, and connecting too.
    requestHandler: { httpAgent: agent, httpsAgent: agent },
  };
}

/** Nothing but in the sandbox: then the SDK looks where it always does. */
const ownCredentials = ({ credentials }: AwsStsSettings): Pick<STSClientConfig, 'credentials'> =>
  credentials
    ? {
        credentials: {
          accessKeyId: credentials.accessKeyId,
          secretAccessKey: credentials.secretAccessKey.reveal(),
        },
      }
    : {};

/** The session on the way; the client asks again shortly before it ends. */
async function assumeVia(own: STSClient, { via, timeout }: AwsStsSettings) {
  const answer = await own.send(
    new AssumeRoleCommand({
      RoleArn: via?.role,
      RoleSessionName: 'protem',
      DurationSeconds: longestChainedSeconds,
      ExternalId: via?.externalId,
    }),
    { abortSignal: AbortSignal.timeout(timeout * 1000) },
  );
  return credentialsFrom(answer, 'the role on the way');
}

/** As other clients take them; Fault `provider.nonsense` when the role came without. */
export function credentialsFrom({ Credentials: made }: AssumeRoleCommandOutput, role: string) {
  if (!made?.AccessKeyId || !made.SecretAccessKey || !made.SessionToken || !made.Expiration)
    throw nonsense(`${role} came without credentials`);
  return {
    accessKeyId: made.AccessKeyId,
    secretAccessKey: made.SecretAccessKey,
    sessionToken: made.SessionToken,
    expiration: made.Expiration,
  };
}

/** Ends the wait, though not always the work: looking for credentials knows no signal. */
export async function inTime<T>(
  ms: number,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
  inOurWords: (error: unknown) => Error = refusalOf,
): Promise<T> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(tooLate());
      abort.abort();
    }, ms);
  });
  try {
    return await Promise.race([call({ abortSignal: abort.signal }), late]);
  } catch (error) {
    throw inOurWords(error);
  } finally {
    clearTimeout(timer);
  }
}
