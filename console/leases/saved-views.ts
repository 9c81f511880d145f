import { signal } from '@preact/signals';

/** Views that somebody has given a name, in this browser: their query by their name. */
const key = 'protem.views';

function stored(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

export const savedViews = signal<Readonly<Record<string, string>>>(stored());

function keep(views: Record<string, string>): void {
  savedViews.value = views;
  localStorage.setItem(key, JSON.stringify(views));
}

export const saveView = (name: string, query: string) => keep({ ...savedViews.value, [name]: query });

export function forgetView(name: string): void {
  const { [name]: _gone, ...rest } = savedViews.value;
  keep(rest);
}
