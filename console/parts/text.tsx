import type { ComponentChildren } from 'preact';

/** What agents and people have written: text and never anything else, and its direction stays its own. */
export const Words = ({ text, clip = false }: { text: string; clip?: boolean }) => (
  <bdi class={clip ? 'words clip' : 'words'} {...(clip && text.length > 40 && { title: text })}>
    {text}
  </bdi>
);

export const Id = ({ children }: { children: string }) => <code class="id">{children}</code>;

export function Facts({ children }: { children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
