import type { blockList } from '../../src/wire/revocation.js';
import type { Shape } from '../../src/wire/shape.js';
import { get } from '../api.js';
import { useLoaded } from '../loading.js';
import { ScopeWords } from './scope-words.jsx';
import { Words } from './text.jsx';

const everyMs = 10_000;

/** On every page as long as something is stopped: whoever looks at a quiet screen should know why it is quiet. */
export function BlockBanner() {
  const { value } = useLoaded(
    'banner',
    (signal, unattended) => get<Shape<typeof blockList>>('/v1/blocks', { signal, unattended }),
    everyMs,
  );
  const blocks = value?.items ?? [];
  const worst = blocks.find(({ scope }) => scope.of === 'all') ?? blocks[0];
  if (!worst) return null;
  const others = blocks.length - 1;
  return (
    <div class="banner" role="alert">
      <span aria-hidden="true">■</span>{' '}
      {worst.scope.of === 'all' ? (
        'Nothing is issued at all'
      ) : (
        <>
          Issuing is stopped for <ScopeWords {...worst.scope} />
          {others > 0 && ` and ${others} more`}
        </>
      )}
      : <Words text={worst.reason} /> <a href="/console/kill-switch">Look</a>
    </div>
  );
}
