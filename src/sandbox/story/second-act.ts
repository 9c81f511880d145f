import { tellOfApproval } from './approved.js';
import { tellOfDelegation } from './delegation.js';
import { tellOfPolicyChange, tellOfTheEnd } from './policy-change.js';
import { tellOfProof } from './proof.js';
import { telling } from './world.js';
import type { Say, World } from './world.js';

/** What goes on around the main job: delegation, approval, a change of policy, proof. Returns what was not so. */
export async function tellSecondAct(world: World, say: Say, firstStep = 9): Promise<string[]> {
  const wrong: string[] = [];
  const tell = telling(say, wrong);
  const delegated = await tellOfDelegation(world, tell, firstStep);
  await tellOfApproval(world, tell, firstStep + 2);
  const again = await tellOfPolicyChange(world, tell, firstStep + 3, delegated);
  await tellOfTheEnd(world, tell, firstStep + 4, again);
  await tellOfProof(world, tell, firstStep + 5, again.lease?.id);
  return wrong;
}
