import type { BrowserContext, Page } from 'playwright-core';

export interface Watched {
  readonly what: string;
  /** Gaps between frames, in milliseconds, sorted. */
  readonly frames: readonly number[];
  /** What the main thread of the page has computed at a stretch, at most: its own time, whatever else runs. */
  readonly longestTaskMs: number;
}

type Watch = (what: string, act: () => Promise<unknown>) => Promise<Watched>;

/** One event of Chromium's trace, in which times are microseconds. */
interface Traced {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Watches the frames of a page, and by Chromium's own trace what they wait for. */
export async function watchFrames(context: BrowserContext, page: Page): Promise<Watch> {
  const devtools = await context.newCDPSession(page);
  return async (what, act) => {
    const traced: Traced[] = [];
    const take = ({ value }: { value: object[] }) => traced.push(...(value as Traced[]));
    devtools.on('Tracing.dataCollected', take);
    await devtools.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: {
        includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'],
      },
    });
    await page.evaluate(`globalThis.gaps = []; globalThis.measuring = true; (() => {
      let before = performance.now();
      const frame = (now) => { gaps.push(now - before); before = now; if (measuring) requestAnimationFrame(frame); };
      requestAnimationFrame(frame);
    })()`);
    await act();
    const frames = await page.evaluate<number[]>('globalThis.measuring = false, gaps');
    const whole = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
    await devtools.send('Tracing.end');
    await whole;
    devtools.off('Tracing.dataCollected', take);
    return { what, frames: frames.toSorted((a, b) => a - b), longestTaskMs: longestTask(traced) };
  };
}

function longestTask(traced: readonly Traced[]): number {
  const main = traced.find(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const own = traced.filter(
    ({ name, pid, tid, tdur }) =>
      name === 'ThreadControllerImpl::RunTask' && tdur !== undefined && pid === main?.pid && tid === main.tid,
  );
  if (own.length === 0) throw new Error('the trace has no task of the page');
  return Math.max(...own.map(({ tdur = 0 }) => tdur)) / 1000;
}
