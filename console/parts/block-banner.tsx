import type { blockList } from '../../src/wire/revocation.js';
import type { Shape } from '../../src/wire/shape.js';
import { get } from '../api.js';
import { useLoaded } from '../loading.js';
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
  const all = blocks.find(({ scope }) => scope.of === 'all');
  if (blocks.length === 0) return null;
  return (
    <div class="banner" role="alert">
      <span aria-hidden="true">■</span>{' '}
      {all ? (
        <>
          Nothing is issued at all: <Words text={all.reason} />
        </>
      ) : (
        `Issuing is stopped for ${blocks.length} ${blocks.length === 1 ? 'scope' : 'scopes'}`
      )}{' '}
      <a href="/console/kill-switch">Look</a>
    </div>
  );
}
