export interface TimedRecord {
  queue_ms: number | null;
  first_token_ms: number | null;
  duration_ms: number;
}

export type Phase = "queue" | "prompt" | "answer" | "whole";

export interface Segment {
  phase: Phase;
  ms: number;
  /** Of the whole duration, 0 to 1. */
  share: number;
}

/**
 * What a request spent its time on, in order: waiting for a slot, until the first token, writing. One segment for
 * everything when no first token is known. Clocks that disagree never make a segment negative.
 */
export function timeLineOf(record: TimedRecord): Segment[] {
  const whole = Math.max(record.duration_ms, 0);
  const queue = Math.min(Math.max(record.queue_ms ?? 0, 0), whole);
  const parts: [Phase, number][] = [["queue", queue]];
  if (record.first_token_ms === null) {
    parts.push(["whole", whole - queue]);
  } else {
    const first = Math.min(Math.max(record.first_token_ms, queue), whole);
    parts.push(["prompt", first - queue], ["answer", whole - first]);
  }
  return parts.filter(([, ms]) => ms > 0).map(([phase, ms]) => ({ phase, ms, share: ms / whole }));
}
