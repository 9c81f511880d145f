import { expect, test } from '@jest/globals';
import type { Broker } from '../../src/broker/broker.js';
import { Fault } from '../../src/kernel/fault.js';
import { Secret } from '../../src/kernel/secret.js';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import type { Serving } from '../http/serving.js';
import { protem } from './protem.js';

const asAgent = ({ url }: Serving) => ({ PROTEM_URL: url, PROTEM_TOKEN: agentToken });
const states = ({ broker }: Serving) => [...broker.tasks.values()].map(({ state }) => state);

/** A broker that hands over the user of a database. */
async function ofDatabase() {
  const plain = await serving();
  const grantOrAsk: Broker['grantOrAsk'] = async (...asked) => {
    const grant = await plain.broker.grant(...asked);
    return { ...grant, secret: new Secret({ username: 'u', password: 'p' }) };
  };
  const { openTask, endTask } = plain.broker;
  const served = await serving({ broker: { grantOrAsk, openTask, endTask } });
  return { ...served, broker: plain.broker };
}

test('protem export prints an AWS session as credential_process has it, and anything else as JSON', async () => {
  const aws = await protem(asAgent(await serving()), 'export', '--credential', 'reports-reader').ended;
  expect(JSON.parse(aws.out)).toMatchObject({ Version: 1, AccessKeyId: 'pretended' });
  const database = await protem(asAgent(await ofDatabase()), 'export', '--credential', 'reports-reader')
    .ended;
  expect(JSON.parse(database.out)).toEqual({ username: 'u', password: 'p' });
});

test('what opens a task says so; nothing is left of one that was opened in vain', async () => {
  const served = await serving();
  const { code, err } = await protem(asAgent(served), 'request', 'reports-reader').ended;
  const [task] = served.broker.tasks.keys();
  expect([code, err]).toEqual([
    0,
    expect.stringContaining(`Task ${task} was opened for it: "protem task end ${task}"`),
  ]);
  expect(states(served)).toEqual(['open']);

  const refused = await serving({
    broker: {
      grantOrAsk: () => Promise.reject(new Fault('policy.denied', 'Policy does not permit this request.')),
    },
  });
  expect((await protem(asAgent(refused), 'request', 'reports-reader').ended).code).toBe(3);
  expect(states(refused)).toEqual(['ended']);

  const database = await ofDatabase();
  const asked = await protem(asAgent(database), 'credential-process', '--credential', 'reports-reader').ended;
  expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('not one of AWS')]);
  expect(states(database)).toEqual(['ended']);
});
