import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { formatDuration } from '../kernel/duration.js';
import { explainCase } from '../policy/policy-cases.js';
import type { PolicySettings } from '../settings/load.js';
import { exitCodes } from './exit-code.js';
import { policyFolderOf } from './policy-test.js';

/** `protem policy explain`: prints the decision on one request with what decided it; answers with the exit code. */
export function explainPolicy(settings: PolicySettings, file: string, print: (line: string) => void): number {
  const written: unknown = parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  const answer = explainCase(policyFolderOf(settings), written);
  const needsFreshProof = answer.is === 'deny' && answer.needsFreshProof === true;
  print(needsFreshProof ? 'reauthenticate' : answer.is);
  switch (answer.is) {
    case 'fault':
      print(`  never got to the policies: ${answer.fault} ${JSON.stringify(answer.errors)}`);
      return exitCodes.failure;
    case 'permit':
      print(`  decided by: ${answer.because.join(', ')}`);
      print(`  for at most: ${formatDuration(answer.permit.ttlSeconds)}`);
      return exitCodes.ok;
    case 'ask':
      print(`  decided by: ${answer.because.join(', ')}`);
      print(`  who is asked: ${answer.approvers.join(', ')}`);
      return exitCodes.pending;
    case 'deny':
      if (answer.because.length > 0) print(`  decided by: ${answer.because.join(', ')}`);
      if (answer.unpermitted === true) print('  no policy permits it');
      for (const error of answer.errors) print(`  error: ${error}`);
      if (needsFreshProof)
        print('  a token that was issued after the last step of the task would be permitted');
      return needsFreshProof ? exitCodes.unproven : exitCodes.denied;
  }
}
