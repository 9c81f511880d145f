import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { canRun, findProgram } from './program.js';

const python = findProgram('python3');
const testWithPython = canRun('the Python client', { python3: python }) ? test : test.skip;

let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
beforeAll(async () => {
  sandbox = await startSandboxBroker();
});
afterAll(() => sandbox.close());

const run = async (script: string): Promise<string> => {
  const prelude = `
import base64, json, os, urllib.error, urllib.parse, urllib.request
from protem import Client, Fault
def token():
    data = urllib.parse.urlencode({"subject": "reporter"}).encode()
    return json.load(urllib.request.urlopen(os.environ["SANDBOX_ISSUER"] + "/token", data))["access_token"]
def tried(secret):
    basic = base64.b64encode(f"{secret['username']}:{secret['password']}".encode()).decode()
    request = urllib.request.Request(os.environ["SANDBOX_DATABASE"], headers={"Authorization": "Basic " + basic})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
client = Client(os.environ["PROTEM_URL"], token)
`;
  const env = {
    PATH: process.env['PATH'] ?? '',
    PYTHONPATH: resolve('clients/python'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const { stdout } = await promisify(execFile)(python ?? 'python3', ['-c', prelude + script], {
    env: { ...env, ...sandbox.variables },
  });
  return stdout.trim();
};

testWithPython(
  'a lease is lent for a block, does not print, and its credential is refused after it',
  async () => {
    const out = await run(`
import time
with client.task(intent="count", deadline="10m") as task:
    with client.lease(task["id"], credential="reports-db", ttl="5m") as lease:
        print(tried(lease.secret), lease.secret["password"] in repr(lease), lease.secret, f"{lease.secret}", [lease.secret])
    while tried(lease.secret) == 200:
        time.sleep(0.05)
print(client.call("findTask", task=task["id"])["outcome"], client.call("findLease", lease=lease.id)["revocation"]["cause"])
`);
    expect(out).toBe('200 False [secret] [secret] [[secret]]\ncompleted released');
  },
);

testWithPython('a block that raises fails its task, and its own error is told', async () => {
  const out = await run(`
try:
    with client.task(intent="count", deadline="10m") as task:
        raise RuntimeError("broken")
except RuntimeError as error:
    print(error, client.call("findTask", task=task["id"])["outcome"])
`);
  expect(out).toBe('broken failed');
});

testWithPython(
  'a refusal is a Fault with what decided, and what is sent again is the same request',
  async () => {
    const out = await run(`
task = client.call("openTask", body={"intent": "x", "deadline": "10m"}, idempotency_key="one")
again = client.call("openTask", body={"intent": "x", "deadline": "10m"}, idempotency_key="one")
print(task["id"] == again["id"])
try:
    client.acquire(task["id"], credential="payments-admin")
except Fault as fault:
    print(fault.code, fault.status, len(fault.policies) > 0)
try:
    client.call("findTask", task=task["id"], user="root")
except TypeError as error:
    print(error)
try:
    Client("http://127.0.0.1:1", "x", attempts=1).call("listCatalog")
except Fault as fault:
    print(fault.code)
print(len(list(client.list("listLeases", page_size=1))))
`);
    expect(out).toBe('True\npolicy.denied 403 True\nfindTask has no user\nclient.unreachable\n1');
  },
);
