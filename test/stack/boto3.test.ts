import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ProtemClient } from '../../src/sdk/index.js';
import { protem } from '../cli/protem.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { canRun, findProgram } from './program.js';

// boto3 comes with moto, so the Python that runs the one has the other.
const moto = findProgram('moto_server', process.env['PROTEM_MOTO']);
const python = moto === undefined ? undefined : findProgram('python3', join(dirname(moto), 'python3'));
const testWithBoto = canRun('boto3 without code', { 'boto3 (of moto_server)': python }) ? test : test.skip;

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
let client: ProtemClient;
let token: string;
beforeAll(async () => {
  sandbox = await startSandboxBroker();
  const body = new URLSearchParams({ subject: 'reporter' });
  const response = await fetch(`${sandbox.places.issuer}/token`, { method: 'POST', body });
  token = ((await response.json()) as { access_token: string }).access_token;
  client = new ProtemClient({ url: sandbox.places.api, token, releaseOnExit: false });
});
afterAll(() => sandbox.close());

const script = `
import os, sys, boto3
from botocore.config import Config
make = lambda: boto3.Session(region_name="eu-central-1").client("s3", endpoint_url=os.environ["SANDBOX_AWS"],
    config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))
s3 = make()
for line in sys.stdin:
    try:
        if "anew" in line:
            s3 = make()
        body = s3.get_object(Bucket="acme-reports", Key="reports/2026/q3.csv")["Body"].read()
        print("read", len(body), "bytes.", flush=True)
    except Exception as error:
        print("refused:", type(error).__name__ + ".", flush=True)
`;

testWithBoto.each(['reports-reader', 'reports-slices'])(
  'boto3 reads a report by %s through serve-credentials, on one lease, and is refused when the task has ended',
  async (credential) => {
    const { id: task } = await client.openTask({ intent: 'read', deadline: '1h' });
    const environment = {
      PROTEM_URL: sandbox.places.api,
      PROTEM_TOKEN: token,
      SANDBOX_AWS: sandbox.places.aws,
    };
    const words = [
      'serve-credentials',
      '--credential',
      credential,
      '--task',
      task,
      '--',
      python ?? '',
      '-c',
      script,
    ];
    const running = protem(environment, ...words);
    running.child.stdin.write('go\n'.repeat(10));
    await running.said('read 22 bytes.\n'.repeat(10));
    const leases: unknown[] = [];
    for await (const lease of client.list('/v1/leases', { task })) leases.push(lease);
    // botocore asks at every call for what ends within 15 minutes, and is given what there is.
    expect(leases).toHaveLength(1);
    await client.endTask(task);
    running.child.stdin.end('anew\n');
    const { code, out } = await running.ended;
    expect(out).toMatch(/refused: \w+\.\n$/);
    expect(code).toBe(0);
  },
);
