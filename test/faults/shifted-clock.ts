/** Loaded before everything else (`--import`): the clock of this process is wrong by `FAULT_CLOCK_MS`. */
const shiftMs = Number(process.env['FAULT_CLOCK_MS'] ?? 0);
const RightDate = Date;

globalThis.Date = class extends RightDate {
  constructor(...parts: [] | [number | string]) {
    if (parts.length === 0) super(RightDate.now() + shiftMs);
    else super(...(parts as [number]));
  }
  static override now(): number {
    return RightDate.now() + shiftMs;
  }
} as DateConstructor;
