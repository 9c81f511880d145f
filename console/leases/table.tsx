import { useComputed, useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { Component } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { LeaseShape } from '../../src/wire/lease.js';
import type { TaskSummaryShape } from '../../src/wire/task.js';
import { Countdown } from '../parts/countdown.jsx';
import { Moment } from '../parts/moment.jsx';
import { State } from '../parts/state.jsx';
import { Words } from '../parts/text.jsx';
import { hrefOf } from '../place.js';
import { now } from '../time.js';
import { effectWords, endingOf, isOver, scopeOf, shortAgent, troubleOf } from '../words.js';
import type { Book } from './book.js';
import type { Column, Sorting } from './order.js';

const rowHeight = 48;
const beyond = 6;

/** A native table of which only the rows in sight are in the document; the rest is room above and below them. */
export function LeaseTable(props: {
  readonly book: Book;
  readonly caption: string;
  readonly sorting: Sorting;
  readonly onSort: (column: Column) => void;
  readonly selected: Signal<ReadonlySet<string>>;
  /** All that are listed are selected. */
  readonly all: boolean;
  readonly selectable: boolean;
  readonly over: boolean;
}) {
  const { book, selected, sorting } = props;
  const room = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(800);
  useEffect(() => {
    const element = room.current!;
    const measure = () => (height.value = element.clientHeight);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = useComputed(() => Math.max(0, Math.floor(top.value / rowHeight) - beyond)).value;
  const listed = book.listed.value;
  const shown = listed.slice(first, Math.ceil(height.value / rowHeight) + 2 * beyond);
  const below = listed.size - first - shown.length;

  const toggle = (id: string, on: boolean) => {
    const next = new Set(selected.peek());
    if (on) next.add(id);
    else next.delete(id);
    selected.value = next;
  };

  return (
    <div
      class="room"
      ref={room}
      tabIndex={0}
      role="region"
      aria-label={props.caption}
      onScroll={(event) => (top.value = event.currentTarget.scrollTop)}
    >
      <table class="leases" aria-rowcount={listed.size + 1}>
        <caption class="unseen">{props.caption}</caption>
        <thead>
          <tr aria-rowindex={1}>
            {props.selectable && (
              <th scope="col" class="tick">
                <input
                  type="checkbox"
                  aria-label="Select all that are listed"
                  checked={props.all}
                  disabled={listed.size === 0}
                  onChange={(event) =>
                    (selected.value = new Set(event.currentTarget.checked ? listed.ids() : []))
                  }
                />
              </th>
            )}
            <Head column="state" sorting={sorting} onSort={props.onSort}>
              State
            </Head>
            <Head column="agent" sorting={sorting} onSort={props.onSort}>
              Agent, on behalf of
            </Head>
            <Head column="task" sorting={sorting} onSort={props.onSort}>
              Task: why it exists
            </Head>
            <Head column="credential" sorting={sorting} onSort={props.onSort}>
              Credential, narrowed to
            </Head>
            <Head column="ends" sorting={sorting} onSort={props.onSort}>
              {props.over ? 'Ended' : 'Ends'}
            </Head>
            <th scope="col" class="wide-only">
              What revoking does
            </th>
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Room height={first * rowHeight} />}
          {shown.map((lease, index) => (
            <Row
              key={lease.id}
              lease={lease}
              task={book.tasks.get(lease.task)}
              index={first + index + 2}
              selectable={props.selectable}
              selected={selected.value.has(lease.id)}
              toggle={toggle}
            />
          ))}
          {below > 0 && <Room height={below * rowHeight} />}
        </tbody>
      </table>
    </div>
  );
}

const Room = ({ height }: { height: number }) => (
  <tr aria-hidden="true">
    <td colSpan={7} class="nothing" style={{ height: `${height}px` }} />
  </tr>
);

function Head(props: {
  readonly column: Column;
  readonly sorting: Sorting;
  readonly onSort: (column: Column) => void;
  readonly children: string;
}) {
  const { column, descending } = props.sorting;
  const own = column === props.column;
  return (
    <th
      scope="col"
      class={`col-${props.column}`}
      {...(own && { 'aria-sort': descending ? 'descending' : 'ascending' })}
    >
      <button type="button" class="sort" onClick={() => props.onSort(props.column)}>
        {props.children}
        <span aria-hidden="true">{own ? (descending ? ' ▾' : ' ▴') : ''}</span>
      </button>
    </th>
  );
}

interface RowOf {
  readonly lease: LeaseShape;
  readonly task: TaskSummaryShape | undefined;
  readonly index: number;
  readonly selectable: boolean;
  readonly selected: boolean;
  readonly toggle: (id: string, on: boolean) => void;
}

/** Made again only when its lease has changed; the seconds go by without it. */
class Row extends Component<RowOf> {
  override shouldComponentUpdate(next: RowOf): boolean {
    const { lease, task, index, selected } = this.props;
    return lease !== next.lease || task !== next.task || index !== next.index || selected !== next.selected;
  }

  override render() {
    return <Cells {...this.props} />;
  }
}

function Cells({ lease, task, index, selectable, selected, toggle }: RowOf) {
  const trouble = useComputed(() => troubleOf(lease, now.value)).value;
  const scope = scopeOf(lease);
  return (
    <tr aria-rowindex={index} class={trouble ? 'trouble' : selected ? 'selected' : ''}>
      {selectable && (
        <td class="tick">
          <input
            type="checkbox"
            aria-label={`Select ${lease.id}`}
            checked={selected}
            onChange={(event) => toggle(lease.id, event.currentTarget.checked)}
          />
        </td>
      )}
      <td>
        <State state={lease.state} />
        <div class={trouble ? 'second bad-text' : 'second quiet'}>
          <a href={hrefOf.lease(lease.id)} title={trouble}>
            {trouble ?? lease.id}
          </a>
        </div>
      </td>
      <td>
        <a href={hrefOf.lease(lease.id)}>
          <Words text={shortAgent(lease.agent)} clip />
        </a>
        <div class="second quiet">
          {lease.breakGlass ? (
            <strong class="warn">▲ in an emergency</strong>
          ) : task?.onBehalfOf !== undefined ? (
            <>
              for <Words text={task.onBehalfOf} clip />
            </>
          ) : (
            'nobody is named'
          )}
        </div>
      </td>
      <td>
        <Words text={task?.intent ?? 'no longer known'} clip />
        <div class="second quiet">
          <a href={hrefOf.task(lease.task)}>{lease.task}</a>
          {lease.reason !== undefined && (
            <>
              {' · '}
              <Words text={lease.reason} clip />
            </>
          )}
        </div>
      </td>
      <td>
        <Words text={lease.credential} clip /> <span class="quiet">{lease.provider}</span>
        <div class="second quiet">{scope === '' ? 'as the entry has it' : <Words text={scope} clip />}</div>
      </td>
      <td>
        {isOver(lease) && lease.revocation.endedAt !== undefined ? (
          <Moment at={lease.revocation.endedAt} />
        ) : (
          <Countdown at={lease.expiresAt} />
        )}
        <div class="second quiet">
          {endingOf(lease, task)}
          <span class="narrow-only">. {effectWords[lease.revocation.effect]}</span>
        </div>
      </td>
      <td class="wide-only">
        <span class="effect">{effectWords[lease.revocation.effect]}</span>
      </td>
    </tr>
  );
}
