import type { ProviderKind } from '../provider.js';
import { awsSts } from './aws-sts/index.js';
import { vault } from './vault/index.js';

/** Every kind of provider there is: one line each. A name that is not here stops the start. */
export const providerKinds: ReadonlyMap<string, ProviderKind> = new Map(
  [awsSts as ProviderKind, vault as ProviderKind].map((kind) => [kind.kind, kind]),
);
