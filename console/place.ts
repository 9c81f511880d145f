import { signal } from '@preact/signals';

/** Where we are: the path below /console, and the query. The address bar says the same. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const root = '/console';
const read = (): Place => ({
  path: location.pathname.slice(root.length).replace(/\/$/, '') || '/',
  query: new URLSearchParams(location.search),
});

export const place = signal<Place>(read());

export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  history[`${how}State`](null, '', href);
  const before = place.value.path;
  place.value = read();
  if (place.value.path === before) return;
  window.scrollTo(0, 0);
  // A new page is read from its heading; updates of a page never move the focus.
  requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus());
}

/** The same page with other words in its query; an empty one is left out. */
export function ask(changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(changes))
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  const text = query.toString();
  return `${root}${place.value.path}${text === '' ? '' : `?${text}`}`;
}

export const hrefOf = {
  lease: (id: string) => `${root}/leases/${id}`,
  task: (id: string) => `${root}/tasks/${id}`,
  leases: (query: Record<string, string>) => `${root}/leases?${new URLSearchParams(query).toString()}`,
  audit: (query: Record<string, string>) => `${root}/audit?${new URLSearchParams(query).toString()}`,
};

addEventListener('popstate', () => (place.value = read()));
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest?.('a');
  if (!link || event.defaultPrevented || event.button !== 0 || link.target || link.origin !== location.origin)
    return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (!link.pathname.startsWith(`${root}/`) || link.pathname.startsWith(`${root}/sign-in`)) return;
  event.preventDefault();
  go(link.href);
});
