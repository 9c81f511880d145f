import { Fault } from '../../../kernel/fault.js';
import type { Ancestor } from '../../provider.js';
import { allowsNoMore } from './narrower.js';
import { ancestorText, type AwsStsScope, filledScope, isSliced, longestSessionPolicy } from './scope.js';

/** "A maximum of 3 scope down policy layers are allowed per session" (STS API reference, GetScopedCredentials). */
const mostLayers = 3;

/**
 * The policies to lay on a session before the child's own, outermost first, so that it can do nothing its ancestors
 * could not. Fault `credential.wider` when that cannot be done.
 */
export function layersAbove(child: AwsStsScope, within: readonly Ancestor[]): readonly string[] {
  if (within.length + 1 > mostLayers)
    throw wider(
      `AWS lays ${mostLayers} policies on one session at most, and this task is below ${within.length}.`,
    );
  return within.map(({ scope }) => {
    const ancestor = ancestorOf(child, scope);
    if (ancestor.policyArns.length > 0)
      throw wider('The parent task has managed policies, and those cannot be laid on a slice.');
    const text = ancestorText(ancestor);
    if (text.length > longestSessionPolicy)
      throw wider('The policy of the parent task is too long to be laid on a slice.');
    return text;
  });
}

/** For a whole session, which takes one policy: Fault `credential.wider` unless that allows no more than any above. */
export function mustBeWithin(child: AwsStsScope, within: readonly Ancestor[]): void {
  for (const { scope } of within) {
    const ancestor = ancestorOf(child, scope);
    // What the managed policies allow and deny nobody here has read: both have all of them, or nothing can be seen.
    const sameArns = child.policyArns.toSorted().join() === ancestor.policyArns.toSorted().join();
    if (sameArns && allowsNoMore(child.sessionPolicy, ancestor.sessionPolicy)) continue;
    throw wider(
      'A session takes one policy, and the one of this entry cannot be shown to stay within that of the parent task.',
    );
  }
}

/** Whether anything can be minted for the child at all: Fault `credential.wider` before anything is written. */
export const checkWithin = (child: AwsStsScope, within: readonly Ancestor[]): void =>
  void (isSliced(child) ? layersAbove(child, within) : mustBeWithin(child, within));

function ancestorOf(child: AwsStsScope, scope: unknown): AwsStsScope {
  const ancestor = filledScope(scope);
  if (ancestor.role !== child.role)
    throw wider(
      'The entry is on another role than that of the parent task, and no policy can hold one to the other.',
    );
  return ancestor;
}

const wider = (detail: string): Fault => new Fault('credential.wider', detail);
