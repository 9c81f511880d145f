/** What an element holds; a list repeats the element, undefined leaves it out. */
export type XmlContent = string | number | boolean | XmlElements;
export interface XmlElements {
  readonly [name: string]: XmlContent | readonly XmlContent[] | undefined;
}

/** One element with its content, in the order of the properties. */
export function xml(name: string, content: XmlContent, namespace?: string): string {
  const open = namespace === undefined ? name : `${name} xmlns="${escape(namespace)}"`;
  return `<${open}>${inner(content)}</${name}>`;
}

function inner(content: XmlContent): string {
  if (typeof content !== 'object') return escape(String(content));
  return Object.entries(content)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, one] as const))
    .map(([name, value]) => (value === undefined ? '' : xml(name, value as XmlContent)))
    .join('');
}

const escape = (text: string): string => text.replace(/[&<>"\r]/g, (c) => `&#${c.charCodeAt(0)};`);
