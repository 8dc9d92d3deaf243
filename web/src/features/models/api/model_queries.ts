import { useQuery } from "@tanstack/react-query";
import { answerOf, api } from "@/lib/api";
import type { CatalogueModel } from "@/lib/api_types";

export const modelsKey = ["models"] as const;

export function useModels() {
  return useQuery({ queryKey: modelsKey, queryFn: () => answerOf(api.GET("/covey/v1/models")), select: listed });
}

function listed(list: { items: CatalogueModel[] }): CatalogueModel[] {
  return list.items;
}

/** The parameters that are used for a model when a request does not say. */
export function useModelDefaults(model: string | null | undefined) {
  return useQuery({
    queryKey: ["model-defaults", model],
    queryFn: () => answerOf(api.GET("/covey/v1/models/{model}", { params: { path: { model: model ?? "" } } })),
    enabled: Boolean(model),
    staleTime: 30_000,
    select: (details) => details.parameters as Record<string, unknown>,
  });
}
