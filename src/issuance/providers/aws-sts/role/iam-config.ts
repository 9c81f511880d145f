import type { IAMClientConfig } from '@aws-sdk/client-iam';
import type { StsCalls } from '../client.js';
import { type AwsStsSettings, isLoopback } from '../settings.js';

/** IAM as whoever runs a command meets it. An address of STS is none of IAM, unless it is the sandbox. */
export const iamConfig = (
  { region, endpoint, iamEndpoint, attempts }: AwsStsSettings,
  credentials: StsCalls['credentials'],
): IAMClientConfig => ({
  region,
  maxAttempts: attempts,
  credentials,
  ...(iamEndpoint !== undefined
    ? { endpoint: iamEndpoint }
    : endpoint !== undefined && isLoopback(endpoint)
      ? { endpoint }
      : {}),
});
