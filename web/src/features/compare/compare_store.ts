import { create } from "zustand";
import { requestFor } from "@/features/chat/generation_request";
import { announce, endUntaken, fail, followGeneration, forget, stopGeneration, useGenerations } from "@/features/chat/generation_store";
import type { ConversationSettings } from "@/features/parameters/settings";
import { useSession } from "@/features/session/session";
import { isRunning } from "@/features/chat/live_answer";
import { asApiError } from "@/lib/api_error";
import { randomId } from "@/lib/identifiers";
import { live } from "@/lib/live/live";
import { type Column, historyOf, LEAST_COLUMNS, MOST_COLUMNS, runningIn, type Turn } from "./columns";

interface CompareState {
  columns: Column[];
  turns: Turn[];
  /** For every column that has none of its own. */
  settings: ConversationSettings;
  draft: string;
}

const column = (model: string | null): Column => ({ key: randomId(), model, settings: null });
const initial = (): CompareState => ({ columns: [], turns: [], settings: {}, draft: "" });

/** The comparison of this tab. It stays while other pages are looked at; nothing of it is stored by the service. */
export const useCompare = create<CompareState>(initial);

/** The models to compare, if none have been chosen yet or the address names others. */
export function chooseModels(models: readonly (string | null)[]): void {
  const { columns, turns } = useCompare.getState();
  if (turns.length > 0 && columns.length > 0) return;
  const wanted = [...models];
  while (wanted.length < LEAST_COLUMNS) wanted.push(null);
  useCompare.setState({ columns: wanted.slice(0, MOST_COLUMNS).map(column) });
}

export function addColumn(model: string | null): void {
  const { columns } = useCompare.getState();
  if (columns.length < MOST_COLUMNS) useCompare.setState({ columns: [...columns, column(model)] });
}

export function changeColumn(key: string, change: Partial<Omit<Column, "key">>): void {
  useCompare.setState(({ columns }) => ({ columns: columns.map((each) => (each.key === key ? { ...each, ...change } : each)) }));
}

export function removeColumn(key: string): void {
  const { columns, turns } = useCompare.getState();
  if (columns.length <= LEAST_COLUMNS) return;
  for (const turn of turns) letGo(turn.answers[key]);
  useCompare.setState({ columns: columns.filter((each) => each.key !== key) });
}

/** Ask all columns at once. */
export function ask(question: string): void {
  const { columns, turns } = useCompare.getState();
  const turn: Turn = { id: randomId(), question, askedAt: Date.now(), answers: {} };
  useCompare.setState({ turns: [...turns, turn], draft: "" });
  for (const each of columns) if (each.model !== null) void answer(each, turn.id);
}

/** Another answer of one column to the question of a turn. */
export function askAgain(key: string, turnId: string): void {
  const { columns, turns } = useCompare.getState();
  const present = columns.find((each) => each.key === key);
  letGo(turns.find((each) => each.id === turnId)?.answers[key]);
  if (present !== undefined && present.model !== null) void answer(present, turnId);
}

async function answer({ key, model, settings: own }: Column, turnId: string): Promise<void> {
  const { turns, settings: shared } = useCompare.getState();
  const settings = own ?? shared;
  const name = model ?? "";
  const local = `local-${randomId()}`;
  const start = { conversationId: null, answerId: local, questionId: turnId, model: name, askedAt: Date.now() };
  announce({ ...start, generationId: local });
  setAnswer(turnId, key, local);
  try {
    const request = requestFor(name, settings);
    const history = historyOf(turns, turnId, key, useGenerations.getState().answers);
    const accepted = await live.begin({
      generate: { ...request, messages: [...request.messages, ...history] },
    });
    // It may have been stopped, or its column or the whole comparison closed.
    if (!isRunning(useGenerations.getState().answers[local])) return void stopGeneration(accepted.generation_id).catch(() => undefined);
    followGeneration({ ...start, generationId: accepted.generation_id, requestId: accepted.request_id });
    setAnswer(turnId, key, accepted.generation_id);
    forget(local);
  } catch (error) {
    fail(local, asApiError(error));
  }
}

function setAnswer(turnId: string, key: string, generationId: string): void {
  useCompare.setState(({ turns }) => ({
    turns: turns.map((turn) => (turn.id === turnId ? { ...turn, answers: { ...turn.answers, [key]: generationId } } : turn)),
  }));
}

/** Stop what runs, in one column or in all. Failures are told by `onError`. */
export function stop(key: string | null, onError: (error: unknown) => void): void {
  for (const id of runningIn(useCompare.getState().turns, key, useGenerations.getState().answers)) {
    if (id.startsWith("local-")) {
      endUntaken(id);
      continue;
    }
    stopGeneration(id).catch((error: unknown) => {
      if (asApiError(error).code === "not_found") fail(id, asApiError(error));
      else onError(error);
    });
  }
}

/** Begin anew with the same models. */
export function startOver(): void {
  for (const turn of useCompare.getState().turns) Object.values(turn.answers).forEach(letGo);
  useCompare.setState({ turns: [], draft: "" });
}

function letGo(id: string | undefined): void {
  if (id === undefined) return;
  const running = runningIn([{ id: "", question: "", askedAt: 0, answers: { one: id } }], null, useGenerations.getState().answers);
  // It ends by itself when it cannot be stopped; nobody waits for it.
  if (running.length > 0 && !id.startsWith("local-")) stopGeneration(id).catch(() => undefined);
  forget(id);
}

// Nothing of one account is ever shown to the next one.
useSession.subscribe((state, before) => {
  if (before.user === null || state.user?.id === before.user.id) return;
  startOver();
  useCompare.setState(initial());
});
