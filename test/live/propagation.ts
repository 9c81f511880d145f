import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';

/** Where one account is, and the session that is watched. `endpoint` is for the stand-in; AWS has its own. */
export interface Watched {
  readonly region: string;
  readonly endpoint?: string;
  readonly role: string;
  /** A bucket that exists; without one S3 is not asked. */
  readonly bucket?: string | undefined;
  /** As it is handed to an agent. */
  readonly secret: Readonly<Record<string, unknown>>;
}

const everyMs = 100;

/**
 * For each service the milliseconds until it refuses the session with an explicit deny, from the call on. What is asked
 * need not be allowed: AWS names the kind of its refusal (IAM User Guide, "Troubleshoot access denied error messages").
 */
export async function deniedAfterMs(
  watched: Watched,
  forMs: number,
): Promise<ReadonlyMap<string, number | undefined>> {
  const asked = questions(watched);
  const startedAt = performance.now();
  const found = await Promise.all(
    Object.entries(asked).map(async ([service, ask]) => {
      while (performance.now() - startedAt < forMs) {
        const sentAt = performance.now();
        if (await ask().then(() => false, isExplicitDeny)) return [service, sentAt - startedAt] as const;
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
      return [service, undefined] as const;
    }),
  );
  return new Map(found);
}

/** True for the refusal that is waited for, false for one of another kind; anything but a refusal is thrown. */
function isExplicitDeny(error: unknown): boolean {
  const { name, message } = error as Error;
  if (/AccessDenied/.test(name)) return message.includes('explicit deny');
  throw error;
}

function questions({
  region,
  endpoint,
  role,
  bucket,
  secret,
}: Watched): Record<string, () => Promise<unknown>> {
  const config = {
    region,
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 1,
    credentials: {
      accessKeyId: String(secret['AccessKeyId']),
      secretAccessKey: String(secret['SecretAccessKey']),
      sessionToken: String(secret['SessionToken']),
    },
  };
  const sts = new STSClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const iam = new IAMClient(config);
  const RoleName = role.slice(role.lastIndexOf('/') + 1);
  return {
    sts: () => sts.send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'never' })),
    ...(bucket !== undefined && { s3: () => s3.send(new ListObjectsV2Command({ Bucket: bucket })) }),
    iam: () => iam.send(new GetRoleCommand({ RoleName })),
  };
}
