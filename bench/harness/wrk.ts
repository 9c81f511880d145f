import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Request {
  readonly path: string;
  readonly token: string;
  readonly body: string;
}

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx. */
  readonly refused: number;
  readonly requests: number;
  /** CPU of the server process, user and system, for each request. */
  readonly cpuMicros?: number;
}

// Requests in the order of the file, each once until they run out; encoded before, so that the load takes little of the machine.
const script = `
local requests = {}
init = function()
  for line in io.lines(os.getenv('REQUESTS')) do
    local path, token, body = line:match('^(.-)\\t(.-)\\t(.*)$')
    requests[#requests + 1] = wrk.format('POST', path, { ['Content-Type'] = 'application/json',
      ['Authorization'] = 'Bearer ' .. token, ['X-Vault-Token'] = token }, body)
  end
end
local n = 0
request = function()
  n = n % #requests + 1
  return requests[n]
end
done = function(summary, latency)
  io.write(string.format('RESULT %f %f %f %d %d\\n', summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status, summary.requests))
end
`;

/** Closed loop with wrk (Debian's package): as many requests as the connections carry. */
export async function wrk(
  port: number,
  requests: readonly Request[],
  seconds: number,
  connections = 64,
): Promise<Load> {
  const directory = mkdtempSync(join(tmpdir(), 'protem-wrk-'));
  const [lua, file] = [join(directory, 'load.lua'), join(directory, 'requests')];
  writeFileSync(lua, script);
  writeFileSync(file, requests.map(({ path, token, body }) => `${path}\t${token}\t${body}`).join('\n'));
  const { stdout } = await promisify(execFile)(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', lua, `http://127.0.0.1:${port}`],
    { env: { ...process.env, REQUESTS: file } },
  ).finally(() => rmSync(directory, { recursive: true }));
  const [perSecond, p50Ms, p99Ms, refused, count] = /RESULT (.*)/.exec(stdout)![1]!.split(' ').map(Number);
  return { perSecond: perSecond!, p50Ms: p50Ms!, p99Ms: p99Ms!, refused: refused!, requests: count! };
}
