import { expect, test } from '@jest/globals';
import { exitCodeOf } from '../../src/cli/exit-code.js';
import { faults } from '../../src/kernel/fault.js';
import type { FaultCode } from '../../src/kernel/fault.js';
import { ProtemFault } from '../../src/sdk/protem-fault.js';

const codes = Object.keys(faults) as FaultCode[];
const endingWith = (exitCode: number) =>
  codes.filter((code) => exitCodeOf(new ProtemFault({ ...faults[code], code, detail: '' })) === exitCode);

test('a fault ends a verb with the code that says what a script is to do about it', () => {
  expect(endingWith(3)).toEqual(
    expect.arrayContaining(['policy.denied', 'approval.denied', 'approval.revoked', 'task.ended']),
  );
  expect(endingWith(4)).toEqual(
    expect.arrayContaining(['identity.unproven', 'certificate.missing', 'role.missing', 'approval.own']),
  );
  // Nobody answered, or not in time.
  expect(endingWith(5).sort()).toEqual(['approval.expired', 'approval.pending', 'approval.required']);
  expect(endingWith(6).sort()).toEqual(['agent.disabled', 'issuing.blocked']);
});

test('what is no answer to the question is a failure, and nothing is no fault', () => {
  expect(endingWith(1)).toEqual(
    expect.arrayContaining(['provider.timeout', 'state.unavailable', 'approval.used']),
  );
  expect([...endingWith(0), ...endingWith(2)]).toEqual([]);
});
