import { toast } from "@/components/toast";
import { adviceFor } from "@/i18n/errors";
import { useText } from "@/i18n/locale";
import { asApiError } from "@/lib/api_error";
import { usePreferences } from "@/lib/preferences";
import { useModels } from "./api/model_queries";
import { preferredModel } from "./model_choice";

const ENTRY = "model";

/** The model for a new chat, and a way to remember another one. null: there is none, or it is not known yet. */
export function usePreferredModel(): { model: string | null; remember: (name: string) => void } {
  const text = useText();
  const models = useModels();
  const { values, loaded, change } = usePreferences();
  const ready = models.data !== undefined && loaded;
  return {
    model: ready ? preferredModel(models.data, values[ENTRY]) : null,
    remember: (name) => {
      change(() => ({ [ENTRY]: name })).catch((error: unknown) =>
        toast({ severity: "error", text: adviceFor(asApiError(error), text).title }),
      );
    },
  };
}
