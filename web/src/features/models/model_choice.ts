import type { CatalogueModel, RunningPull } from "@/lib/api_types";

/** Models that can answer in a chat. */
export function chatModels(items: readonly CatalogueModel[]): CatalogueModel[] {
  return items.filter((item) => item.model.capabilities.includes("chat"));
}

const ORDER = { loaded: 0, loading: 1, cold: 2, unavailable: 3 } as const;

/** Whether a text holds every word of a search. */
function holds(text: string, search: string): boolean {
  const lower = text.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => lower.includes(word));
}

/** Those that hold every word in their name, aliases or family; ready ones first, the default before its equals. */
export function findModels(items: readonly CatalogueModel[], search: string): CatalogueModel[] {
  return items
    .filter(({ model }) => {
      const text = [model.name, ...model.aliases, model.family, model.parameters, model.quantization, ...model.capabilities]
        .join(" ");
      return holds(text, search);
    })
    .sort(
      (one, other) =>
        ORDER[one.model.state] - ORDER[other.model.state] ||
        Number(other.model.is_default) - Number(one.model.is_default) ||
        one.model.name.localeCompare(other.model.name),
    );
}

/** Downloads under way of models that are not there yet, one for each name, whatever the number of nodes. */
export function downloadsOf(pulls: readonly RunningPull[], items: readonly CatalogueModel[], search: string): RunningPull[] {
  return pulls.filter(
    ({ model }, index) =>
      modelNamed(items, model) === undefined && pulls.findIndex((pull) => pull.model === model) === index && holds(model, search),
  );
}

/** How much of a download has arrived, as a share of 1; null: not known. */
export function arrived({ progress }: RunningPull): number | null {
  const { total_bytes: total, completed_bytes: completed } = progress;
  return total ? Math.min(1, (completed ?? 0) / total) : null;
}

/** The model that a name means, by its own name first, then by an alias. */
export function modelNamed(items: readonly CatalogueModel[], name: string | null | undefined): CatalogueModel | undefined {
  if (!name) return undefined;
  return items.find(({ model }) => model.name === name) ?? items.find(({ model }) => model.aliases.includes(name));
}

/**
 * The model for a new chat: what the person chose last if it is there and can run, else the service's default, else
 * the readiest; null when there is none.
 */
export function preferredModel(items: readonly CatalogueModel[], remembered: unknown): string | null {
  const able = chatModels(items);
  const known = modelNamed(able, typeof remembered === "string" ? remembered : null);
  if (known !== undefined && known.model.state !== "unavailable") return known.model.name;
  const usable = able.filter(({ model }) => model.state !== "unavailable");
  const normal = usable.find(({ model }) => model.is_default);
  return (normal ?? findModels(usable, "")[0] ?? able[0])?.model.name ?? null;
}
