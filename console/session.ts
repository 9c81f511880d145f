import { signal } from '@preact/signals';
import type { SessionShape } from '../src/wire/session.js';
import { get, post } from './api.js';

/** Undefined until it is known; null when nobody is signed in. */
export const session = signal<SessionShape | null | undefined>(undefined);

/** Where to come back to after signing in. */
const cameFrom = 'protem.came-from';

export async function findSession(): Promise<void> {
  try {
    session.value = await get<SessionShape>('/v1/session', { unattended: true });
    const path = sessionStorage.getItem(cameFrom);
    sessionStorage.removeItem(cameFrom);
    if (path !== null && location.pathname === '/console/') location.replace(path);
  } catch (error) {
    if (session.value === undefined) session.value = null;
    throw error;
  }
}

export function signIn(): void {
  if (location.pathname !== '/console/')
    sessionStorage.setItem(cameFrom, location.pathname + location.search);
  location.assign('/console/sign-in');
}

export async function signOut(): Promise<void> {
  await post('/v1/session/end', {});
  session.value = null;
}

export const may = (role: SessionShape['roles'][number]): boolean =>
  session.value?.roles.includes(role) ?? false;
